"""The rules of the log, each switched off by one change at its anchor in the source."""

from __future__ import annotations

from seeds.recorded import simulated
from support.changes import Always, Change, Drop, First, Instead, Never, Swap, Value, Without
from support.mutants import Mutant

PACKING, NAMES = "test_packing.py", "test_names_of_files.py"
JOURNAL = "test_journal.py"
DAMAGE, TAIL = "test_jsonl_damage.py", "test_jsonl_tail.py"
DURABLE, LAYOUT = "test_jsonl_durability.py", "test_jsonl_layout.py"
OPENING, SHARED = "test_jsonl_opening.py", "test_jsonl_processes.py"
PLACE, RECORD = "test_directory_check.py", "test_record.py"
OWNER, WHERE, DESCRIPTORS = "test_owner.py", "test_where.py", "test_descriptors.py"
CONTRACT = "test_event_store.py"
CRASHES, FAILURES = "test_crash_states.py", "test_io_failures.py"
SNAPSHOT, METRICS = "test_snapshot.py", "test_metrics.py"
SNAPSHOT_DAYS, SNAPSHOT_PARTS = "test_snapshot_days.py", "test_snapshot_parts.py"
SNAPSHOT_RUNS = "test_snapshot_runs.py"
VERSIONS = "test_versions.py"
GUARD, MANY = "test_guard.py", "test_many.py"
SCHEDULE_PAGES = "test_schedule_pages.py"
INDEX, PAST = "test_job_events.py", "test_past.py"
WORDS = "test_words.py"
COLUMNS = "test_import_columns.py"
POSTS, TEXTS_ALONE = "test_post.py", "test_texts_alone.py"
WRITING, PICTURES = "test_writing.py", "test_job_pictures.py"
WEB_POSTS, WEB_METRICS = "test_web_posts.py", "test_web_metrics.py"
THREADS_POSTS = "test_threads_posts.py"
MEDIA, CLEANING = "test_media_store.py", "test_media_cleaning.py"
SLOTS, PLATFORMS = "test_import_slots.py", "test_platforms.py"
CONFIG = "test_configuration.py"
DOUBLES, TIMES = "test_import_doubles.py", "test_import_times.py"
IMPORT_PAGE, BOUNDS = "test_import_page.py", "test_file_bounds.py"
AWAY = "test_server_away.py"
MIRROR, SHARED_SIM = "test_mirror.py", "test_shared_simulator.py"
NATS, NATS_WRITING, NATS_SHARDS = "test_nats.py", "test_nats_writing.py", "test_nats_shards.py"
POSTGRESQL, RUNNERS, MANY_RUNNERS = "test_postgresql.py", "test_runners.py", "test_many_runners.py"
LEASE_TIME = "test_lease_time.py"
FAILOVER = "test_failover.py"
SHARDS = "test_sharded_ledger.py"
ENGINE_CLOCK = "test_engine_clock.py"
HOLDS = "test_account_holds.py"
BLUESKY = "test_bluesky.py"
LEFT_OUT, ENDPOINTS = "test_nothing_left_out.py", "test_webhook_answers.py"
TOOTS = "test_mastodon.py"
REPLACED, INTERRUPTED = "test_replaced.py", "test_interrupted.py"


def _by_its_seed(name: str, anchor: str, change: Change) -> Mutant:
    """Have a rule noticed by a seed of the simulator of many runners."""
    return Mutant(name, anchor, change, [simulated(name)])


RULES = [
    # -- a line, and the chain
    Mutant("a line's hash is checked", "hash-of-a-line", Without(), [RECORD, DAMAGE]),
    Mutant("a record names the hash of the line before", "previous-hash", Never(), [DAMAGE]),
    Mutant("sequence numbers have no gap", "no-gap-in-sequence", Never(), [DAMAGE]),
    Mutant("a job's versions have no gap", "no-gap-in-versions", Never(), [DAMAGE]),
    Mutant("the hashes of a block are checked", "hashes-of-a-block", Without(), [DAMAGE]),
    Mutant(
        "the hash is a line's last key, in a block too",
        "hash-is-the-last-key",
        Never(),
        [DAMAGE],
    ),
    Mutant(
        "each record of a block names the hash of the line before",
        "chain-of-a-block",
        Without(),
        [DAMAGE],
    ),
    Mutant("sequence numbers have no gap within a block", "no-gap-in-a-block", Without(), [DAMAGE]),
    Mutant(
        "no record of a block has an impossible batch",
        "batches-of-a-block",
        Without(),
        [DAMAGE],
    ),
    Mutant(
        "no record of a block has an impossible number of followers",
        "followers-of-a-block",
        Without(),
        [DAMAGE],
    ),
    Mutant("a header is hashed like a record", "hash-of-a-header", Drop(), [DAMAGE, RECORD]),
    Mutant(
        "a day's file continues the file before",
        "day-continues-the-day-before",
        Without(),
        [DAMAGE],
    ),
    Mutant("no day's file is missing", "no-day-is-missing", Never(), [DAMAGE]),
    Mutant("a file belongs to this ledger", "file-of-this-ledger", Never(), [DAMAGE]),
    Mutant("a file is of the day in its name", "file-of-its-day", Never(), [DAMAGE]),
    Mutant("a header is as long as it is", "header-of-any-length", Never(), ["test_repair.py"]),
    Mutant("a line has a longest length", "longest-line", Never(), ["test_hostile_log.py"]),
    # -- writing
    Mutant(
        "an append is synced before it is acknowledged",
        "sync-before-acknowledging",
        Drop(),
        [DURABLE, CRASHES],
    ),
    Mutant("a new file's bytes are synced", "sync-a-new-file", Drop(), [DURABLE, LAYOUT, CRASHES]),
    Mutant("a new file's name is synced", "sync-a-new-name", Drop(), [DURABLE, LAYOUT, CRASHES]),
    Mutant("the way to a new ledger is synced", "sync-the-way-to-a-ledger", Drop(), [FAILURES]),
    Mutant(
        "the old day is durable before the new one begins",
        "old-day-is-durable-first",
        Never(),
        [DURABLE, LAYOUT, CRASHES],
    ),
    Mutant(
        "the end of the old day is set again before the new one begins",
        "set-the-old-end-again",
        Drop(),
        [FAILURES],
    ),
    Mutant(
        "a day's file never goes back",
        "day-never-goes-back",
        Value("now.date().isoformat()"),
        [LAYOUT, CONTRACT],
    ),
    Mutant(
        "a clock that jumps begins no file",
        "no-file-after-a-jump",
        Drop(),
        ["test_clock_jump.py"],
    ),
    Mutant(
        "a record names its batch",
        "record-names-its-batch",
        Value("1"),
        [LAYOUT, DURABLE, TAIL],
    ),
    Mutant("a failed write poisons the handle", "failed-write-poisons", Drop(), [DURABLE]),
    Mutant(
        "what a dead writer left is written again before it counts",
        "write-what-is-adopted",
        Drop(),
        [DURABLE, TAIL, FAILURES, CRASHES],
    ),
    Mutant(
        "what a dead writer left is synced before it counts",
        "adopt-before-it-counts",
        Drop(),
        [DURABLE, TAIL, CRASHES],
    ),
    Mutant("a version that is not expected is refused", "expected-version", Never(), [CONTRACT]),
    # -- HEAD
    Mutant("HEAD moves with every append", "head-moves-last", Drop(), [LAYOUT, SHARED]),
    Mutant(
        "HEAD moves only after the sync",
        "head-moves-last",
        First(),
        [DURABLE, SHARED, FAILURES],
    ),
    Mutant("HEAD has a check of its own", "check-of-head", Without(), [DAMAGE, "unit/eventstore"]),
    Mutant(
        "HEAD proves that the log was longer",
        "log-is-not-shorter-than-head",
        Never(),
        [DAMAGE],
    ),
    Mutant("HEAD proves which record was last", "last-record-is-heads", Never(), [DAMAGE, CRASHES]),
    Mutant(
        "readers go no further than HEAD",
        "readers-stop-at-head",
        Drop(),
        [SHARED, "test_reader.py", CONTRACT],
    ),
    Mutant("HEAD is of this ledger", "head-of-this-ledger", Never(), [DAMAGE]),
    # -- the journal
    Mutant(
        "the journal is synced before a write in it is acknowledged",
        "sync-the-journal-before-acknowledging",
        Drop(),
        [JOURNAL, CRASHES],
    ),
    Mutant(
        "the day's file is on disk before the journal begins again",
        "sync-the-day-before-the-journal-begins-again",
        Drop(),
        [JOURNAL],
    ),
    Mutant(
        "a journal in another one's place is begun anew", "journal-by-its-name", Never(), [JOURNAL]
    ),
    Mutant(
        "the name of a journal that another one made is on disk before it is written to",
        "journals-name-is-on-disk",
        Drop(),
        [JOURNAL],
    ),
    Mutant("the journal is of this ledger", "journal-of-this-ledger", Never(), [JOURNAL]),
    Mutant(
        "the journal proves that there was a later day", "journal-knows-the-day", Never(), [JOURNAL]
    ),
    Mutant(
        "the journal proves that the day's file was longer",
        "journal-knows-the-length",
        Never(),
        [JOURNAL],
    ),
    Mutant(
        "what is torn in the journal is not put back", "journal-is-not-believed", Never(), [JOURNAL]
    ),
    Mutant(
        "what an earlier round left in the journal does not count",
        "entries-follow-each-other",
        Never(),
        [JOURNAL],
    ),
    Mutant(
        "what the journal keeps is written again, also what seems to be there",
        "write-what-the-journal-keeps",
        Drop(),
        [JOURNAL, CRASHES],
    ),
    Mutant(
        "what the journal kept is synced", "sync-what-the-journal-kept", Drop(), [JOURNAL, CRASHES]
    ),
    Mutant(
        "nothing is put back behind damage",
        "nothing-is-put-back-behind-damage",
        Never(),
        [JOURNAL],
    ),
    Mutant(
        "a repair ends the journal",
        "repair-ends-the-journal",
        Instead("pass"),
        [JOURNAL],
    ),
    # -- the tail
    Mutant("what is cut off is kept aside first", "keep-what-is-cut-off", Drop(), [TAIL]),
    Mutant(
        "a tail that was durable is no torn one",
        "durable-is-not-torn",
        Never(),
        [TAIL, DAMAGE],
    ),
    Mutant(
        "a later batch proves that a tail is no torn one",
        "later-batch-is-not-torn",
        Never(),
        [TAIL, DAMAGE],
    ),
    Mutant(
        "a sound record that does not belong there proves it too",
        "stray-record-is-not-torn",
        Never(),
        [TAIL, DAMAGE],
    ),
    Mutant(
        "a write counts as a whole or not at all",
        "whole-writes-only",
        Never(),
        [TAIL, CONTRACT, CRASHES],
    ),
    Mutant("the cut is synced", "sync-the-cut", Drop(), [TAIL, DURABLE, CRASHES]),
    # -- several processes, and whose files these are
    Mutant("writers take turns", "writers-take-turns", Drop(), [SHARED, FAILURES]),
    Mutant(
        "a writer goes to the end of the log before it appends",
        "catch-up-before-appending",
        Drop(),
        [SHARED, CONTRACT],
    ),
    Mutant(
        "the child of a fork uses no lock",
        "no-lock-in-a-fork",
        Never(),
        [SHARED, "test_ledger.py"],
    ),
    Mutant("links are not followed", "follow-no-link", Swap("_NO_FOLLOW", "0"), [PLACE, OPENING]),
    Mutant("files are 0600 whatever the umask", "mode-of-files", Never(), [PLACE, LAYOUT, OPENING]),
    Mutant("another user's directory is refused", "owner-of-the-directory", Drop(), [PLACE]),
    Mutant(
        "what the administrator makes belongs to the directory's owner",
        "belongs-to-the-owner-of-the-directory",
        Value("False"),
        [OWNER],
    ),
    Mutant(
        "a directory in which everybody may write is refused",
        "no-directory-of-everybody",
        Never(),
        [OWNER],
    ),
    Mutant("a ledger stays where it was", "the-place-is-what-it-was", Value("directory"), [WHERE]),
    Mutant(
        "no file gets a standard stream's number, not for a moment",
        "streams-are-taken",
        Value("[]"),
        [DESCRIPTORS],
    ),
    Mutant(
        "nor does it keep one that became free meanwhile",
        "above-the-streams",
        Value("fd"),
        [DESCRIPTORS],
    ),
    Mutant("a network file system is refused", "no-network", Never(), [PLACE]),
    Mutant(
        "a directory of other data is no place for a ledger",
        "no-other-data",
        Never(),
        [OPENING, "test_ledger.py"],
    ),
    Mutant(
        "a ledger whose log is gone is not made anew",
        "log-is-not-made-anew",
        Never(),
        [DAMAGE],
    ),
    # -- packed days
    Mutant(
        "a day's file goes when what it was packed into was read back",
        "packed-is-read-back",
        Never(),
        [PACKING],
    ),
    Mutant(
        "the newest day is not packed",
        "newest-is-not-packed",
        Swap("verification.paths[:-1]", "verification.paths"),
        [PACKING],
    ),
    Mutant("nothing is appended to a packed day", "packed-is-not-written", Never(), [PACKING]),
    Mutant(
        "one process packs days at a time",
        "one-packs-at-a-time",
        Swap("fs.lock(fd, wait=False)", "True"),
        [PACKING],
    ),
    Mutant(
        "a file that has changed since it was packed stays",
        "remove-what-was-packed",
        Never(),
        [PACKING],
    ),
    Mutant(
        "whoever runs the jobs of a copy is told that it is one",
        "told-of-a-copy",
        Never(),
        ["test_moving.py"],
    ),
    # -- interruptions, and files that are not what they were
    Mutant(
        "the log is the file that has its name",
        "log-by-its-name",
        Swap("self._fs.named_size(path, self._identity, fd)", "self._fs.size(fd)"),
        [REPLACED],
    ),
    *(
        Mutant(
            f"the name of {whose} is asked for again once the directory has changed",
            f"{anchor}-of-this-state",
            Swap(*change),
            [NAMES],
        )
        for whose, anchor, change in (
            ("the lock", "lock", ("self._sure_of != state", "self._sure_of is None")),
            ("HEAD", "head", ("self._sure_of == state", "self._sure_of is not None")),
            ("the journal", "journal", ("self._sure_of == state", "self._sure_of is not None")),
            ("the log", "log", ("self._sure_of == state", "self._sure_of is not None")),
        )
    ),
    Mutant(
        "what is known of names is for one turn",
        "names-for-a-turn",
        Drop(),
        [NAMES],
    ),
    Mutant(
        "a directory that has changed just now is not relied on",
        "a-change-shows-in-its-times",
        Never(),
        [NAMES],
    ),
    Mutant(
        "the runner's lock is the file that has its name",
        "runner-lock-by-its-name",
        Swap("self._fs.named_size(self._path, self._identity)", "self._fs.size(self._fd)"),
        [REPLACED],
    ),
    Mutant(
        "what was half read is read anew",
        "half-read-is-read-anew",
        Drop(),
        [INTERRUPTED],
    ),
    Mutant(
        "what was half told is read anew",
        "half-told-is-read-anew",
        Drop(),
        [INTERRUPTED],
    ),
    Mutant(
        "nothing is derived from a handle that is not sound",
        "derive-from-what-is-sound",
        Never(),
        [INTERRUPTED],
    ),
    # -- what is derived
    Mutant("a damaged marker is no witness", "check-of-a-marker", Never(), ["test_marker.py"]),
    Mutant(
        "a damaged plan of a repair is not followed", "check-of-a-plan", Never(), ["test_repair.py"]
    ),
    Mutant(
        "what a process of another release has derived is made anew with the rest",
        "no-mixture-of-folds",
        Never(),
        [WORDS],
    ),
    Mutant(
        "files that are ahead of the log are kept", "keep-witnesses", Always(), ["test_ahead.py"]
    ),
    Mutant(
        "a change is made at the version that was seen",
        "version-that-was-seen",
        Never(),
        [VERSIONS],
    ),
    # -- the snapshot
    Mutant("a snapshot is of one moment", "snapshot-of-one-moment", Drop(), [INTERRUPTED]),
    Mutant("an index of events is of this log", "index-of-this-log", Never(), [INDEX]),
    Mutant("what an index says of a job is counted", "index-is-counted", Always(), [INDEX]),
    Mutant("what is kept of the past is of this log", "past-is-of-this-log", Never(), [PAST]),
    Mutant(
        "counters of another release are counted anew", "counted-as-we-count", Never(), [METRICS]
    ),
    Mutant("events of schedules are counted, too", "counts-schedules-too", Drop(), [METRICS]),
    Mutant("a rebuild counts anew, too", "rebuild-counts-anew", Drop(), [METRICS]),
    Mutant("a snapshot's hash is checked", "hash-of-a-snapshot", Never(), [SNAPSHOT]),
    Mutant(
        "what is read of a snapshot later is verified then",
        "hash-of-a-block-of-a-snapshot",
        Never(),
        [SNAPSHOT_PARTS],
    ),
    Mutant(
        "the table of a run is verified by its snapshot",
        "hash-of-the-table-of-a-run",
        Never(),
        [SNAPSHOT_PARTS],
    ),
    Mutant(
        "a snapshot names runs that are there",
        "name-runs-that-are-there",
        Drop(),
        [SNAPSHOT_RUNS],
    ),
    Mutant(
        "a run that is gone is written again",
        "write-again-what-is-gone",
        Instead("keep = len(runs)"),
        [SNAPSHOT_RUNS],
    ),
    Mutant(
        "a run that a snapshot names is not removed",
        "keep-runs-that-are-named",
        Always(),
        [SNAPSHOT_RUNS],
    ),
    Mutant(
        "a snapshot a part of which was damaged is not used again",
        "damaged-part-is-not-used-again",
        Drop(),
        [SNAPSHOT_PARTS],
    ),
    Mutant("a snapshot is of this ledger", "snapshot-of-this-ledger", Never(), [SNAPSHOT]),
    Mutant(
        "behind a snapshot every older day file has the length that it had",
        "length-of-older-days",
        Never(),
        [SNAPSHOT],
    ),
    Mutant(
        "a packed day behind a snapshot that is not as long as it was is opened",
        "packed-as-it-was",
        Always(),
        [SNAPSHOT_DAYS],
    ),
    Mutant(
        "behind a snapshot no older day file is missing or new",
        "same-days-as-before",
        Never(),
        [SNAPSHOT],
    ),
    Mutant(
        "the last record behind a snapshot is the one that it was",
        "same-last-record",
        Never(),
        [SNAPSHOT],
    ),
    Mutant(
        "what does not verify behind a snapshot is judged without it",
        "judge-damage-by-the-whole-log",
        Instead("raise damage"),
        [SNAPSHOT],
    ),
    Mutant(
        "a snapshot stands for events that are on disk",
        "snapshot-of-what-is-on-disk",
        Drop(),
        [SNAPSHOT, CRASHES],
    ),
    Mutant("pacing goes on behind a snapshot", "pacing-goes-on", Drop(), [SNAPSHOT]),
    Mutant(
        "a snapshot without what pacing has to know is not used",
        "snapshot-reaches-back",
        Without(),
        [SNAPSHOT],
    ),
    # -- what the platforms allow
    Mutant("a text fits its platform", "fits-its-platform", Drop(), [PLATFORMS]),
    Mutant("a near miss of a platform is none", "no-near-miss-of-a-platform", Drop(), [PLATFORMS]),
    Mutant("a post fits its platform", "post-fits-its-platform", Drop(), [POSTS]),
    Mutant(
        "a post is not taken for a text",
        "no-post-is-taken-for-a-text",
        Instead("return self._publish(attempt)"),
        [TEXTS_ALONE],
    ),
    Mutant("a part that is out is recorded", "part-is-out", Drop(), [THREADS_POSTS]),
    Mutant(
        "a part waits until the one before is known",
        "wait-for-the-part-before",
        Instead("raise"),
        [THREADS_POSTS],
    ),
    Mutant(
        "a post that came over the network names no file of this machine",
        "no-file-of-this-machine",
        Drop(),
        [WEB_POSTS],
    ),
    Mutant(
        "a form has files that were sent with it, and none by its name",
        "no-file-by-its-name",
        Never(),
        [WRITING],
    ),
    Mutant("a form has addresses of media and no paths", "no-path-in-a-form", Never(), [WRITING]),
    Mutant("a page gives files of its job alone", "files-of-jobs-alone", Always(), [PICTURES]),
    Mutant("few large bodies are read at once", "few-large-bodies", Never(), [GUARD]),
    # -- files of posts
    Mutant("a file is kept as it was read", "media-is-what-was-measured", Drop(), [MEDIA]),
    Mutant("a kept file is synced", "media-is-synced", Drop(), [MEDIA]),
    Mutant("the name of a kept file is synced", "media-has-its-name", Drop(), [MEDIA]),
    Mutant("a file that is found is made sure of", "media-found-is-made-sure", Drop(), [MEDIA]),
    Mutant("nobody removes files while one is kept", "media-is-held", Drop(), [MEDIA]),
    Mutant("a job is requeued only with its files", "requeued-with-its-media", Drop(), [MEDIA]),
    Mutant(
        "a file that is needed stays",
        "needed-media-stays",
        Value("self._store.names()"),
        [CLEANING],
    ),
    # -- an import
    Mutant(
        "a table that is dropped on a page names no file of the server",
        "no-file-of-the-server",
        Never(),
        [IMPORT_PAGE],
    ),
    Mutant(
        "a post without an id has one made of it",
        "id-made-of-the-post",
        Value("str(uuid4())"),
        [DOUBLES],
    ),
    Mutant("the same post is once in the files", "same-post-once-in-files", Never(), [DOUBLES]),
    Mutant(
        "a post that the ledger has under another id is none",
        "same-post-once-in-the-ledger",
        Value("None"),
        [DOUBLES],
    ),
    Mutant(
        "a row that was changed is no new post", "changed-row-is-no-new-post", Drop(), [DOUBLES]
    ),
    Mutant("what is past is not posted at once", "no-burst-of-the-past", Always(), [DOUBLES]),
    Mutant("day or month first is said, not guessed", "order-of-a-date-is-said", Never(), [TIMES]),
    Mutant("what is no offset is no time", "no-half-offset", Never(), [TIMES]),
    Mutant("a draft does not go out under any name", "no-draft-goes-out", Drop(), [COLUMNS]),
    Mutant("a post with some time or other takes no slot", "no-slot-over-a-time", Drop(), [SLOTS]),
    Mutant("a text is once among what takes slots", "same-text-once-in-slots", Never(), [SLOTS]),
    Mutant("an edited row takes no second slot", "edited-row-is-no-new-post", Drop(), [SLOTS]),
    Mutant(
        "a time of the same write is no free slot",
        "slot-not-of-the-same-write",
        Drop(),
        ["test_slots.py"],
    ),
    Mutant("a file that others may write names no code", "found-file-is-ours", Never(), [CONFIG]),
    # -- publishers
    Mutant(
        "trouble of an account is no failure of its posts",
        "trouble-of-an-account-is-no-failure",
        Value("False"),
        [HOLDS],
    ),
    Mutant(
        "what a job lacks is told once",
        "foretold-once",
        Never(),
        ["test_preflight.py"],
    ),
    Mutant(
        "no post is made beyond its account's quota",
        "no-post-beyond-its-quota",
        Never(),
        ["test_threads_limits.py"],
    ),
    Mutant(
        "a file of secrets is its owner's alone",
        "secrets-are-private",
        Never(),
        ["test_publishing.py"],
    ),
    Mutant(
        "files are looked for in public places alone",
        "ahead-from-public-places-alone",
        Value("None"),
        ["test_fetchable.py"],
    ),
    Mutant("no post goes out with less than it says", "nothing-is-left-out", Never(), [LEFT_OUT]),
    Mutant(
        "no post goes to Bluesky with less than it says",
        "nothing-is-left-out-on-bluesky",
        Never(),
        [BLUESKY],
    ),
    Mutant(
        "a record is written where none is",
        "what-is-there-stays",
        Swap('"swapRecord"', '"swap"'),
        [BLUESKY],
    ),
    Mutant(
        "a write is recorded before it leaves",
        "writing-is-recorded-first",
        Swap("record_step(self._attempt, step, before + 1)", "step"),
        [BLUESKY],
    ),
    Mutant(
        "a repeated write has the same bytes",
        "a-repetition-is-the-same",
        Value("(Known(), self._now())"),
        [BLUESKY],
    ),
    Mutant(
        "no body goes out without what it has no place for",
        "nothing-is-left-out-of-a-body",
        Never(),
        ["test_webhook_body.py"],
    ),
    Mutant(
        "no status goes out with less than its job says",
        "nothing-is-left-out-of-a-status",
        Never(),
        [TOOTS],
    ),
    Mutant(
        "what was sent is looked for before it is sent again",
        "look-before-sending-again",
        Never(),
        [TOOTS],
    ),
    Mutant(
        "that a status is sent is recorded before it is",
        "sending-is-recorded-first",
        Drop(),
        ["test_mastodon_crashes.py"],
    ),
    Mutant(
        "a status of another job is not taken for one's own",
        "no-post-of-another-job",
        Never(),
        [TOOTS],
    ),
    Mutant(
        "an answer that says no is no success",
        "body-of-an-answer-counts",
        Always(),
        [ENDPOINTS],
    ),
    Mutant(
        "what an unclear answer is to is not sent again",
        "unclear-answer-is-not-sent-again",
        Always(),
        [ENDPOINTS],
    ),
    Mutant(
        "nothing goes to where a redirect points",
        "redirects-are-not-followed",
        Swap("False", "True"),
        [ENDPOINTS],
    ),
    # -- the dashboard
    Mutant("pages are served under known names alone", "known-host", Never(), [GUARD]),
    Mutant("a change comes from a page of this ledger", "same-origin", Never(), [GUARD]),
    Mutant("a form carries its session's token", "csrf-token", Never(), [GUARD]),
    Mutant("a role may what its table says", "least-role", Never(), [GUARD]),
    Mutant("the role decides of each of many", "role-of-each-job", Never(), [MANY]),
    Mutant("what is done to many is what was shown", "what-was-confirmed", Never(), [MANY]),
    Mutant("a rule is what was looked at", "rule-that-was-looked-at", Never(), [SCHEDULE_PAGES]),
    Mutant(
        "what is imported from a page is what was shown",
        "what-was-shown-is-imported",
        Never(),
        [IMPORT_PAGE],
    ),
    Mutant("an author imports drafts alone", "authors-import-drafts", Drop(), [IMPORT_PAGE]),
    Mutant(
        "a role brings in the states of its table alone",
        "states-that-may-be-brought",
        Never(),
        [IMPORT_PAGE],
    ),
    Mutant(
        "who may not take jobs over brings in plans alone",
        "authors-bring-plans-alone",
        Value("False"),
        [IMPORT_PAGE],
    ),
    Mutant(
        "a plan has nothing of a job that a scheduler has",
        "nothing-but-plans",
        Never(),
        [IMPORT_PAGE],
    ),
    Mutant("one file is looked at at a time", "one-file-at-a-time", Never(), [IMPORT_PAGE]),
    Mutant("few wait for a file to be looked at", "few-wait-to-import", Never(), [IMPORT_PAGE]),
    Mutant("a file is sent by who may import it", "files-of-those-who-may", Always(), [GUARD]),
    Mutant("a file has no more rows than are read", "no-more-rows-than-said", Never(), [BOUNDS]),
    Mutant("a table has no more cells than are read", "no-more-cells-than-said", Never(), [BOUNDS]),
    Mutant("a sheet has an end", "a-sheet-has-an-end", Never(), [BOUNDS]),
    Mutant("a workbook is not unpacked to any size", "no-bomb-is-unpacked", Never(), [BOUNDS]),
    Mutant("a part is not read over and over", "no-part-over-and-over", Never(), [BOUNDS]),
    Mutant("a program has the token", "right-token", Never(), [GUARD]),
    Mutant("who reads metrics has their token", "right-metrics-token", Never(), [WEB_METRICS]),
    Mutant("the token for metrics opens nothing else", "metrics-alone", Always(), [WEB_METRICS]),
    Mutant("a ledger that is only shown is not changed", "only-shown", Never(), [GUARD]),
    Mutant("few passwords are tried at once", "few-passwords-at-once", Never(), [GUARD]),
    Mutant(
        "tries of a name are not forgotten for those of many others",
        "tries-are-not-forgotten",
        Instead("self._failures.clear()"),
        [GUARD],
    ),
    Mutant(
        "who has not signed in sends little",
        "small-until-known",
        Value("MAX_BODY_BYTES"),
        [GUARD],
    ),
    # -- many runners, and a server
    Mutant(
        "what was acknowledged and is not there is told",
        "acknowledged-is-never-lost",
        Instead("self.tail = tail"),
        [POSTGRESQL],
    ),
    _by_its_seed(
        "another record in the place of a known one is a loss, too",
        "another-record-is-a-loss-too",
        Never(),
    ),
    Mutant(
        "nothing is acknowledged when the server stops waiting for its standby",
        "acknowledged-is-on-the-standby",
        Never(),
        [FAILOVER],
    ),
    Mutant(
        "nothing is acknowledged because it is found, before the standby has it",
        "found-is-on-the-standby",
        Drop(),
        [FAILOVER],
    ),
    Mutant(
        "on a server the server's time counts",
        "time-of-the-engine",
        Never(),
        [ENGINE_CLOCK],
    ),
    _by_its_seed(
        "between two words of the engine the time is counted on",
        "machine-clock-is-not-used",
        Value("self._machine()"),
    ),
    Mutant(
        "a clock of the engine that was set is followed",
        "engine-clock-was-set",
        Without(),
        [ENGINE_CLOCK],
    ),
    Mutant(
        "who is overtaken is let in before anybody else",
        "overtaken-once",
        Value("nullcontext()"),
        [POSTGRESQL],
    ),
    Mutant(
        "a location has the shards that it was made with",
        "shards-stay-as-many",
        Always(),
        [SHARDS],
    ),
    Mutant("an id is of one shard", "id-of-one-shard", Value("[]"), [SHARDS]),
    Mutant(
        "an ended runner appends nothing",
        "ended-runner-appends-nothing",
        Drop(),
        [RUNNERS],
    ),
    Mutant(
        "a runner ends others only after a whole lease of its own",
        "end-others-after-a-lease",
        Without(),
        [RUNNERS, LEASE_TIME],
    ),
    Mutant(
        "a lease counts from when it was asked for, not from the answer",
        "lease-counts-from-when-it-was-asked-for",
        Swap("sent", "self.clock()"),
        [LEASE_TIME],
    ),
    Mutant(
        "a runner that could not renew of late ends nobody",
        "silent-runner-ends-nobody",
        Without(),
        [LEASE_TIME],
    ),
    _by_its_seed(
        "who ends others has a lease where that is done, on that start of the server",
        "lease-is-looked-at-where-others-are-ended",
        Never(),
    ),
    Mutant(
        "a lease that had a gap is a young one when it is renewed",
        "gap-makes-a-lease-young",
        Without(),
        [LEASE_TIME],
    ),
    Mutant(
        "no lease is older than the start of its server",
        "start-makes-a-lease-young",
        Without(),
        [LEASE_TIME],
    ),
    Mutant(
        "what the servers of a stream have lost is told",
        "nats-acknowledged-is-never-lost",
        Drop(),
        [NATS],
    ),
    Mutant(
        "a message is taken behind what its sender has seen, and nowhere else",
        "nats-compare-and-append",
        Drop(),
        [NATS_WRITING],
    ),
    Mutant(
        "an id is of the shard whose claim a stream has first",
        "nats-first-claim-counts",
        Drop(),
        [NATS_SHARDS],
    ),
    Mutant(
        "an ended runner appends nothing to a stream",
        "nats-ended-runner-appends-nothing",
        Drop(),
        [NATS_WRITING],
    ),
    Mutant(
        "a runner is ended when its entry has not changed for a whole lease",
        "unchanged-for-a-whole-lease",
        Value("needs_s"),
        [RUNNERS],
    ),
    Mutant(
        "a runner that nobody knows has ended",
        "unknown-runner-has-ended",
        Value("set()"),
        [MANY_RUNNERS],
    ),
    Mutant(
        "what is decided on a schedule is decided while nobody else can append",
        "schedule-decided-alone",
        Value("self._handle(decide_on)"),
        ["test_schedule_races.py"],
    ),
    Mutant(
        "an attempt is its runner's, whatever its number",
        "attempt-of-this-runner",
        Without(),
        [MANY_RUNNERS],
    ),
    Mutant(
        "a start that arrives late is taken over",
        "own-runner-does-not-make-it",
        Value("self._lease.living()"),
        [MANY_RUNNERS],
    ),
    Mutant(
        "two runners never post for one account at once",
        "one-of-an-account-over-all-runners",
        Value("set()"),
        [MANY_RUNNERS],
    ),
    _by_its_seed(
        "what is taken is chosen while nobody else can",
        "taken-while-nobody-else-can",
        Swap("True", "False"),
    ),
    _by_its_seed("pacing is over all runners", "pacing-over-all-runners", Value("None")),
    Mutant(
        "what was given up takes no step",
        "given-up-attempt-takes-no-step",
        Never(),
        [MANY_RUNNERS],
    ),
    Mutant(
        "no publisher is called without a lease", "no-call-without-a-lease", Never(), [MANY_RUNNERS]
    ),
    Mutant(
        "an ended runner gives up what it runs", "ended-runner-gives-up", Never(), [MANY_RUNNERS]
    ),
    Mutant(
        "what nobody makes any more is put back", "taken-by-nobody-is-put-back", Never(), [AWAY]
    ),
    Mutant(
        "an ended runner records no step",
        "ended-runner-records-no-step",
        Instead("raise"),
        [MANY_RUNNERS],
    ),
    Mutant(
        "a simulated server writes nothing behind a hole",
        "nothing-behind-a-hole",
        Drop(),
        [SHARED_SIM],
    ),
    _by_its_seed(
        "a simulated server takes nothing of an ended runner",
        "ended-runner-is-refused",
        Value('"living"'),
    ),
    _by_its_seed(
        "a simulated lease that was ended is not renewed", "ended-lease-is-not-renewed", Never()
    ),
    Mutant(
        "a simulated server refuses a lease that has run out",
        "lapsed-lease-is-refused",
        Value('"living"'),
        [SHARED_SIM],
    ),
    Mutant("a mirror is never written to", "mirror-is-not-written-to", Never(), [MIRROR]),
    Mutant(
        "how far a copy got is looked at after an error",
        "half-copied-is-looked-at",
        Drop(),
        [MIRROR],
    ),
]
