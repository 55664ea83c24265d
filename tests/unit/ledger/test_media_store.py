"""Files of posts are in the ledger's store, for good, before a job refers to them."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from support.durability import LEDGER, let_go
from support.eventstore import NOON
from support.media import gif, jpeg, mp4, png

from jobledger import (
    ImportedJob,
    JobStatus,
    Ledger,
    ManualClock,
    Media,
    MediaFile,
    NewJob,
    Part,
    Post,
    ScheduledJob,
    StorageError,
    ValidationError,
)
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.eventstore.engines.files.lock import Patience
from jobledger.ledger.media_store import MediaStore
from jobledger.testing.disk import SimulatedDisk
from jobledger.testing.faults import Fault, FaultyFileSystem, Killed


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def ledger(tmp_path: Path, clock: ManualClock) -> Ledger:
    return Ledger(tmp_path / "jobs", clock=clock)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(png(40, 30))
    return path


def post_of(*sources: str | Path, text: str = "Look") -> Post:
    return Post([Part(text, media=[Media(str(each)) for each in sources])])


def add(ledger: Ledger, post: Post, **more: object) -> str:
    return ledger.add_job("shop", "", NOON, post=post, **more)  # type: ignore[arg-type]  # as above


def files_of(ledger: Ledger, job_id: str) -> list[MediaFile | None]:
    post = ledger.get_job(job_id).post
    assert post is not None
    return [media.file for media in post.media]


def kept(ledger: Ledger) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in (ledger.directory / "media").glob("??/*")
        if path.is_file()
    }


def test_a_file_is_copied_measured_and_named_by_its_bytes(ledger: Ledger, picture: Path) -> None:
    job_id = add(ledger, post_of(picture))
    data = picture.read_bytes()
    name = sha256(data).hexdigest()
    assert files_of(ledger, job_id) == [
        MediaFile(sha256=name, size=len(data), kind="png", width=40, height=30, frames=1)
    ]
    copy = ledger.directory / "media" / name[:2] / name
    assert copy.read_bytes() == data
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    for directory in (copy.parent, copy.parent.parent):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_the_source_may_go_once_the_job_is_added(ledger: Ledger, picture: Path) -> None:
    data = picture.read_bytes()
    add(ledger, post_of(picture))
    picture.unlink()
    assert list(kept(ledger).values()) == [data]


def test_a_file_of_many_jobs_is_there_once(ledger: Ledger, picture: Path) -> None:
    new = NewJob("shop", "", NOON, post=post_of(picture, picture))
    ledger.add_jobs([new] * 3)
    add(ledger, post_of(picture))
    assert len(kept(ledger)) == 1


def test_a_relative_path_is_of_the_working_directory(
    ledger: Ledger, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(picture.parent)
    assert files_of(ledger, add(ledger, post_of("picture.png"))) != [None]


def test_a_link_is_followed_to_the_file(ledger: Ledger, picture: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(picture)
    add(ledger, post_of(tmp_path / "link"))
    assert list(kept(ledger).values()) == [picture.read_bytes()]


def test_an_address_is_left_to_its_platform(ledger: Ledger) -> None:
    job_id = add(ledger, post_of("https://example.com/a.png"))
    assert files_of(ledger, job_id) == [None]
    assert not (ledger.directory / "media").exists()


def test_every_part_has_its_files(ledger: Ledger, tmp_path: Path) -> None:
    for name, data in (("a", jpeg()), ("b", gif()), ("c", mp4())):
        (tmp_path / name).write_bytes(data)
    post = Post(
        [
            Part("One", media=[Media(str(tmp_path / "a"), alt="A")]),
            Part("Two", media=[Media(str(tmp_path / "b"))]),
            Part("Three", media=[Media(str(tmp_path / "c"))]),
        ]
    )
    job_id = add(ledger, post, platform="other")
    assert [file and file.kind for file in files_of(ledger, job_id)] == ["jpeg", "gif", "mp4"]
    added = ledger.get_job(job_id).post
    assert added is not None
    assert added.media[0].alt == "A"


# -- what is refused ------------------------------------------------------------------------------


def fifo(path: Path) -> None:
    os.mkfifo(path)


def loop(path: Path) -> None:
    path.symlink_to(path)


def truncated(path: Path) -> None:
    path.write_bytes(png()[:20])


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.write(png())
        file.truncate(2 * 1024**3)


def text(path: Path) -> None:
    path.write_text("no picture")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "is not there"),
        (fifo, "is no regular file"),
        (Path.mkdir, "no"),
        (loop, "is a link that leads to no file"),
        (truncated, "ends at byte"),
        (sparse, "at most 1073741824 are kept"),
        (text, "is no PNG, JPEG, GIF, WebP, MP4 or MOV"),
        (Path.touch, "is no PNG"),
    ],
    ids=["missing", "fifo", "directory", "loop", "truncated", "sparse", "text", "empty"],
)
def test_what_is_no_media_is_refused_with_its_field_and_path(
    ledger: Ledger, tmp_path: Path, make: object, said: str
) -> None:
    path = tmp_path / "there"
    assert callable(make)
    make(path)
    with pytest.raises(ValidationError) as caught:
        add(ledger, post_of("https://example.com/a.png", path))
    error = caught.value
    assert error.field == "post.parts[0].media[1].source"
    assert str(path) in str(error)
    assert said in str(error)
    assert kept(ledger) == {}
    assert ledger.seq == 0


def test_the_job_of_several_is_named(ledger: Ledger, picture: Path, tmp_path: Path) -> None:
    good = NewJob("shop", "", NOON, post=post_of(picture))
    bad = NewJob("shop", "", NOON, post=post_of(tmp_path / "none"))
    with pytest.raises(ValidationError, match=r"^jobs\[1\]: post\.parts\[0\]\.media\[0\]\.source"):
        ledger.add_jobs([good, bad])
    assert ledger.seq == 0


def test_a_file_that_does_not_fit_its_platform_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    path.write_bytes(png(5000, 2))
    with pytest.raises(ValidationError, match=" on Threads"):
        add(ledger, post_of(path))


def test_how_large_a_file_may_be_is_a_setting(tmp_path: Path, picture: Path) -> None:
    size = picture.stat().st_size
    with Ledger(tmp_path / "jobs", most_media_bytes=size) as ledger:
        add(ledger, post_of(picture), platform="other")
    with (
        Ledger(tmp_path / "jobs", most_media_bytes=size - 1) as ledger,
        pytest.raises(ValidationError, match=f"has {size} bytes"),
    ):
        add(ledger, post_of(picture))


class _Changing(FileSystem):
    """A source changes while it is read: behind the first part of it that is read."""

    def __init__(self, change: Callable[[], object]) -> None:
        self.change: Callable[[], object] | None = change

    def read_at(self, fd: int, count: int, offset: int) -> bytes:
        data = super().read_at(fd, count, offset)
        if count == 1024 * 1024 and self.change is not None:
            self.change()
            self.change = None
        return data


@pytest.mark.parametrize("how", ["grows", "becomes another"])
def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, picture: Path, how: str
) -> None:
    data = picture.read_bytes() + b"more" if how == "grows" else png(41, 30)
    fs = _Changing(lambda: picture.write_bytes(data))
    with Ledger(tmp_path / "jobs", fs=fs) as ledger:
        with pytest.raises(ValidationError, match="was changed while it was read"):
            add(ledger, post_of(picture))
        assert kept(ledger) == {}
        assert list((ledger.directory / "media").glob("??/.*")) == []
        add(ledger, post_of(picture))
        assert list(kept(ledger).values()) == [data]


def test_without_a_place_for_files_they_are_refused(picture: Path) -> None:
    with Ledger("memory:") as ledger, pytest.raises(ValidationError) as caught:
        add(ledger, post_of(picture))
    assert "media=DIRECTORY" in (caught.value.hint or "")


def test_a_ledger_on_a_server_keeps_them_in_a_directory_that_is_given(
    tmp_path: Path, picture: Path
) -> None:
    with Ledger("memory:", media=tmp_path / "media") as ledger:
        [file] = files_of(ledger, add(ledger, post_of(picture)))
        assert file is not None
        path = ledger.media_path(file.sha256)
        assert path == tmp_path / "media" / ledger.ledger_id / file.sha256[:2] / file.sha256
        assert path.read_bytes() == picture.read_bytes()


def test_a_ledger_in_a_directory_takes_no_other(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="keeps its own"):
        Ledger(tmp_path / "jobs", media=tmp_path / "media")
    assert not (tmp_path / "jobs").exists()


# -- files that the ledger is told of -------------------------------------------------------------


def test_an_edit_brings_another_file(ledger: Ledger, picture: Path, tmp_path: Path) -> None:
    job_id = add(ledger, post_of(picture))
    other = tmp_path / "other.jpg"
    other.write_bytes(jpeg(400, 300))
    ledger.edit_job(job_id, post=post_of(other))
    assert [file and file.kind for file in files_of(ledger, job_id)] == ["jpeg"]
    assert len(kept(ledger)) == 2


def test_a_post_with_what_the_ledger_keeps_is_taken_without_its_source(
    ledger: Ledger, picture: Path
) -> None:
    job_id = add(ledger, post_of(picture))
    picture.unlink()
    post = ledger.get_job(job_id).post
    assert post is not None
    ledger.edit_job(job_id, post=post.with_text("Another text"))
    assert files_of(ledger, add(ledger, post)) == files_of(ledger, job_id)


def test_what_is_said_of_a_file_is_not_believed(ledger: Ledger, picture: Path) -> None:
    [file] = files_of(ledger, add(ledger, post_of(picture)))
    assert file is not None
    said = MediaFile(sha256=file.sha256, size=1, kind="mp4", width=9, height=9)
    post = Post([Part("Look", media=[Media("gone.png", file=said)])])
    assert files_of(ledger, add(ledger, post)) == [file]


def test_a_file_of_another_ledger_is_brought_where_its_source_is_there(
    ledger: Ledger, picture: Path, tmp_path: Path
) -> None:
    with Ledger(tmp_path / "others") as other:
        post = other.get_job(add(other, post_of(picture), platform="other")).post
    assert post is not None
    job_id = add(ledger, post, platform="other")
    assert len(kept(ledger)) == 1
    assert files_of(ledger, job_id) == [post.media[0].file]


@pytest.mark.parametrize("change", ["gone", "other"])
def test_a_file_of_another_ledger_is_refused_without_it(
    ledger: Ledger, picture: Path, tmp_path: Path, change: str
) -> None:
    with Ledger(tmp_path / "others") as other:
        post = other.get_job(add(other, post_of(picture))).post
    assert post is not None
    if change == "gone":
        picture.unlink()
    else:
        picture.write_bytes(png(50, 50))
    with pytest.raises(ValidationError, match="is not in this ledger") as caught:
        add(ledger, post)
    assert caught.value.field == "post.parts[0].media[0].file"


def imported(post: Post, status: JobStatus) -> ImportedJob:
    job = ScheduledJob(
        job_id=f"of-{status}",
        account_id="shop",
        content="Look",
        scheduled_time=NOON,
        completed_at=NOON if status is JobStatus.COMPLETED else None,
        status=status,
        post=post,
        attempt=int(status is JobStatus.COMPLETED),
    )
    return ImportedJob(job, "old.json", 3)


def test_an_import_keeps_files(ledger: Ledger, picture: Path) -> None:
    [job_id] = ledger.import_jobs([imported(post_of(picture), JobStatus.PENDING)])
    assert files_of(ledger, job_id) != [None]


def test_an_import_names_the_row_of_a_file_that_is_not_there(ledger: Ledger) -> None:
    with pytest.raises(ValidationError, match=r"^old\.json, line 3: post\.parts\[0\]\.media\[0\]"):
        ledger.import_jobs([imported(post_of("gone.png"), JobStatus.SCHEDULED)])


def test_what_is_over_is_imported_without_its_files(ledger: Ledger) -> None:
    [job_id] = ledger.import_jobs([imported(post_of("gone.png"), JobStatus.COMPLETED)])
    assert files_of(ledger, job_id) == [None]


def test_a_job_is_requeued_only_with_its_files(
    ledger: Ledger, picture: Path, clock: ManualClock
) -> None:
    job_id = add(ledger, post_of(picture))
    ledger.cancel_job(job_id)
    [name] = kept(ledger)
    copy = ledger.media_path(name)
    copy.rename(copy.with_name("elsewhere"))
    for requeue in (
        lambda: ledger.requeue_job(job_id, clock.now()),
        lambda: ledger.change_jobs("requeue", [job_id], scheduled_time=clock.now()),
    ):
        with pytest.raises(ValidationError, match="is not there any more"):
            requeue()
    copy.with_name("elsewhere").rename(copy)
    ledger.requeue_job(job_id, clock.now())
    assert ledger.get_job(job_id).status is JobStatus.SCHEDULED


# -- the store ------------------------------------------------------------------------------------


def test_a_damaged_file_is_replaced_by_the_next_that_is_right(
    ledger: Ledger, picture: Path
) -> None:
    job_id = add(ledger, post_of(picture))
    [name] = kept(ledger)
    ledger.media_path(name).write_bytes(b"damaged")
    post = ledger.get_job(job_id).post
    assert post is not None
    add(ledger, post)
    assert kept(ledger) == {name: picture.read_bytes()}


def test_many_keep_the_same_file_at_once(tmp_path: Path, picture: Path) -> None:
    errors: list[BaseException] = []

    def keep() -> None:
        try:
            MediaStore(FileSystem(), tmp_path / "media", Patience()).keep(str(picture), "media")
        except BaseException as error:  # noqa: BLE001 - it is told below
            errors.append(error)

    threads = [threading.Thread(target=keep) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    store = MediaStore(FileSystem(), tmp_path / "media", Patience())
    assert store.entries() == store.names() == [sha256(picture.read_bytes()).hexdigest()]


def test_a_path_of_a_file_that_is_gone_is_refused(ledger: Ledger, picture: Path) -> None:
    add(ledger, post_of(picture))
    [name] = kept(ledger)
    ledger.media_path(name).unlink()
    with pytest.raises(StorageError, match="put it back from a backup"):
        ledger.media_path(name)


def test_whoever_keeps_a_file_keeps_others_from_removing(tmp_path: Path) -> None:
    one, other = (MediaStore(FileSystem(), tmp_path / "media", Patience()) for _ in range(2))
    with one.holding(), other.holding(), other.alone() as is_mine:
        assert not is_mine
    with other.alone() as is_mine:
        assert is_mine


PICTURE = Path("/pictures/a.png")


def disk_with_picture() -> SimulatedDisk:
    disk = SimulatedDisk()
    disk.make_directory(PICTURE.parent)
    disk.write_file_durably(PICTURE, png(40, 30))
    return disk


def check_after_power_cuts(disk: SimulatedDisk, clock: ManualClock, jobs: int) -> None:
    """Whatever a power cut leaves, the jobs are there, and their files are whole."""
    for seed in range(60):
        left = disk.crash(Random(seed))
        with Ledger(LEDGER, clock=clock, fs=left) as ledger:
            found = [file for job in ledger.list_jobs() for file in files_of(ledger, job.job_id)]
            assert len(found) == jobs
            for file in found:
                assert file is not None
                assert left.read_file(ledger.media_path(file.sha256)) == png(40, 30)


def test_a_power_cut_leaves_no_job_without_its_file(clock: ManualClock) -> None:
    disk = disk_with_picture()
    ledger = Ledger(LEDGER, clock=clock, fs=disk)
    add(ledger, post_of(PICTURE))
    let_go(ledger)
    check_after_power_cuts(disk, clock, 1)


def test_a_file_that_somebody_left_is_made_sure_of(clock: ManualClock) -> None:
    """Who kept it died between the renaming and the sync: it looks as if it were there."""
    disk = disk_with_picture()
    Ledger(LEDGER, clock=clock, fs=disk).close()
    disk.make_directory(LEDGER / "media")
    failing = FaultyFileSystem(disk, Fault(2, None, only=["sync_directory"]))
    store = MediaStore(failing, LEDGER / "media", Patience())
    with pytest.raises(Killed):
        store.keep(str(PICTURE), "media")
    assert failing.operations[-1] == ("sync_directory", png_name()[:2])
    ledger = Ledger(LEDGER, clock=clock, fs=disk)
    add(ledger, post_of(PICTURE))
    let_go(ledger)
    check_after_power_cuts(disk, clock, 1)


def png_name() -> str:
    return sha256(png(40, 30)).hexdigest()
