"""The readers of the log against bytes of any kind: a record, or a refusal that says why."""

from __future__ import annotations

import json
import shutil
import tempfile
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import structlog  # noqa: F401 - the first warning imports it, which is not what is measured
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.domain import NOON
from support.eventstore import LogDirectory, lines_of
from support.tiers import one_in

from jobledger import Ledger, LedgerCorruptError, ManualClock
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.eventstore.engines.files.repair import repair_directory
from jobledger.eventstore.record import MAX_WRITE_BYTES, RecordError, decode_header, decode_record
from jobledger.integrity.verify import verify_directory

GOLDEN = Path(__file__).parents[1] / "golden"
CORPUS = [
    line.rstrip(b"\n")
    for path in sorted(GOLDEN.glob("*/**/events_*.jsonl"))
    for line in lines_of(path)
]
"""Lines of every kind that releases have written."""
KINDS = {"unreadable", "hash", "form", "format"}

lines = st.sampled_from(CORPUS)


def read(line: bytes) -> list[object]:
    """Return what both readers of a line make of it; nothing but a RecordError may come out."""
    got: list[object] = []
    said: list[str] = []
    for decode in (decode_record, decode_header):
        try:
            got.append(decode(line))
        except RecordError as refused:
            got.append(refused.kind)
            said.append(refused.message)
    assert {each for each in got if isinstance(each, str)} <= KINDS
    assert all(message.isprintable() for message in said)
    return got


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=400))
@example(b"")
@example(b'{"hash":"00000000000000000000000000000000"}')
@example(b"[" * 100_000)
@example(b'{"seq":1,"data":' + b'{"a":' * 100_000)
@example(b"\xff\xfe\x00")
def test_any_bytes_are_no_record_and_no_crash(line: bytes) -> None:
    """No accident has a hash that fits."""
    assert all(isinstance(each, str) for each in read(line))
    assert all(isinstance(each, str) for each in read(line + b',"hash":"' + b"0" * 32 + b'"}'))


@settings(max_examples=300, deadline=None)
@given(lines, st.data())
def test_a_changed_line_is_not_taken_for_a_record(line: bytes, data: st.DataObject) -> None:
    """Cut out, put in, put over, anywhere in a line that once was sound."""
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, min(len(line), start + 40)))
    changed = line[:start] + data.draw(st.binary(max_size=40)) + line[end:]
    if changed != line:
        assert all(isinstance(each, str) for each in read(changed))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(lines, st.data())
def test_a_line_with_a_hash_that_fits_and_any_values_breaks_no_reader(
    line: bytes, data: st.DataObject
) -> None:
    """As the last line of a log: opening and `verify` read it, or say why not, and agree.

    Somebody who can write the file can make hashes fit: NaN, keys that come twice, other types.
    """
    fields: dict[str, Any] = json.loads(line)
    fields.pop("hash")
    key = data.draw(st.sampled_from(sorted(fields)))
    if isinstance(fields[key], dict) and data.draw(st.booleans()):
        inner = data.draw(st.sampled_from([*sorted(fields[key]), "new"]))
        fields[key] = fields[key] | {inner: data.draw(json_values)}
    else:
        fields[key] = data.draw(json_values)
    body = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))[:-1]
    if data.draw(st.booleans()):
        body += ',"seq":1'  # a key that comes twice
    sealed = _sealed(body.encode("utf-8", "surrogatepass"))
    read(sealed)
    with tempfile.TemporaryDirectory() as name:
        log = LogDirectory(Path(name) / "jobs")
        with Ledger(log.path, clock=ManualClock(NOON)) as ledger:
            ledger.add_job("a", "text", NOON, job_id="job")
        path = log.path / log.days()[0]
        with path.open("ab") as file:
            file.write(sealed + b"\n")
        (log.path / "HEAD").unlink()
        report = verify_directory(log.path)
        wrong = [problem for problem in report.problems if problem.kind != "projection"]
        with pytest.raises(LedgerCorruptError) if wrong else nullcontext():
            Ledger(log.path, clock=ManualClock(NOON)).close()


def _sealed(body: bytes) -> bytes:
    from hashlib import sha256

    return body + b',"hash":"' + sha256(body).hexdigest()[:32].encode() + b'"}'


# -- size ----------------------------------------------------------------------------------------


@contextmanager
def little_memory(megabytes: float) -> Iterator[None]:
    """Check that what is done in here never holds more than this at a time."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < megabytes * 1e6
    finally:
        tracemalloc.stop()


LONGER_THAN_A_WRITE = MAX_WRITE_BYTES + 1


@pytest.mark.parametrize("end", one_in(2, [b"", b"\n"]), ids=["unfinished", "a whole line"])
@pytest.mark.parametrize("head", one_in(2, [True, False]), ids=["HEAD", "no HEAD"])
def test_a_line_that_is_longer_than_a_write_is_refused_in_little_memory(
    directory: Path, clock: ManualClock, end: bytes, head: bool
) -> None:
    """Nothing holds it as a whole: not `verify`, a reader, opening, nor the repair. On disk it is a
    hole, which takes no room until it is put aside."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "text", clock.now(), job_id="job")
    path = next(directory.glob("events_*.jsonl"))
    with path.open("ab") as file:
        file.truncate(path.stat().st_size + LONGER_THAN_A_WRITE)
        file.write(end)
    if not head:
        (directory / "HEAD").unlink()
    with little_memory(12):
        assert not verify_directory(directory).ok
        with Ledger(directory, clock=clock, read_only=True) as ledger:
            assert [event.job_id for event in ledger.events()] == ["job"]
        with pytest.raises(LedgerCorruptError, match=r"line 3, byte \d+: a line is longer than"):
            Ledger(directory, clock=clock)
        done = repair_directory(FileSystem(), directory, clock.now())
        assert done is not None
        assert done.damage.parts[0].size == LONGER_THAN_A_WRITE + len(end)
        with Ledger(directory, clock=clock) as ledger:
            ledger.cancel_job("job")
    assert verify_directory(directory).ok
    shutil.rmtree(directory)  # what was put aside is a gigabyte
