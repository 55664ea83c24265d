"""The rules of the log, each switched off by one change of the source."""

from __future__ import annotations

from support.mutants import Mutant

UNIT = "tests/unit/eventstore/"
DAMAGE, TAIL = UNIT + "test_jsonl_damage.py", UNIT + "test_jsonl_tail.py"
DURABLE, LAYOUT = UNIT + "test_jsonl_durability.py", UNIT + "test_jsonl_layout.py"
OPENING, SHARED = UNIT + "test_jsonl_opening.py", UNIT + "test_jsonl_processes.py"
PLACE, RECORD = UNIT + "test_place.py", UNIT + "test_record.py"
CONTRACT = "tests/contracts/test_event_store.py"
CRASHES = "tests/simulation/test_crash_states.py"
FAILURES = "tests/simulation/test_io_failures.py"
SNAPSHOT = "tests/unit/scheduler/test_snapshot.py"

STORE, LOG, SEGMENT = "eventstore/jsonl.py", "eventstore/log.py", "eventstore/segment.py"
JUDGE, HEAD, LINE = "eventstore/tail.py", "eventstore/head.py", "eventstore/record.py"
DISK, OPEN = "eventstore/filesystem.py", "eventstore/opening.py"

RULES = [
    # -- a line, and the chain
    Mutant(
        "a line's hash is checked",
        LINE,
        "    if sha256(line[:-_ENDING]).hexdigest()[:32] != record.hash or line",
        "    if line",
        [RECORD, DAMAGE],
    ),
    Mutant(
        "a record names the hash of the line before",
        SEGMENT,
        "    if record.prev != prev:\n",
        "    if not record.prev:\n",
        [DAMAGE],
    ),
    Mutant(
        "sequence numbers have no gap",
        SEGMENT,
        "    if record.seq != seq + 1:\n",
        "    if record.seq < 1:\n",
        [DAMAGE],
    ),
    Mutant(
        "a job's versions have no gap",
        SEGMENT,
        "            if record.version != due:\n",
        "            if record.version < 1:\n",
        [DAMAGE],
    ),
    Mutant(
        "the hashes of a block are checked",
        SEGMENT,
        "        hashes == own_hashes(lines)\n        and ",
        "        ",
        [DAMAGE],
    ),
    Mutant(
        "the hash is a line's last key, in a block too",
        LINE,
        "hexdigest()[:32] if line[-_ENDING:-34] == _HASH_KEY else None\n",
        "hexdigest()[:32]\n",
        [DAMAGE],
    ),
    Mutant(
        "each record of a block names the hash of the line before",
        SEGMENT,
        "        and [record.prev for record in records] == [prev, *hashes][:-1]\n",
        "",
        [DAMAGE],
    ),
    Mutant(
        "sequence numbers have no gap within a block",
        SEGMENT,
        "[record.seq for record in records] == [*range(seq + 1, seq + 1 + len(lines))]\n",
        "records\n",
        [DAMAGE],
    ),
    Mutant(
        "no record of a block has an impossible batch",
        SEGMENT,
        "        and all(0 < record.batch <= record.seq for record in records)\n",
        "",
        [DAMAGE],
    ),
    Mutant(
        "no record of a block has an impossible number of followers",
        SEGMENT,
        "        and min([record.more for record in records], default=0) >= 0\n",
        "",
        [DAMAGE],
    ),
    Mutant(
        "a header is hashed like a record",
        LINE,
        "    check_hash(line)\n    try:\n        header",
        "    try:\n        header",
        [DAMAGE, RECORD],
    ),
    Mutant(
        "a day's file continues the file before",
        SEGMENT,
        "    if header.prev != cursor.hash or header.first_seq != cursor.seq + 1:\n",
        "    if header.first_seq != cursor.seq + 1:\n",
        [DAMAGE],
    ),
    Mutant(
        "no day's file is missing",
        SEGMENT,
        "    if header.previous != previous:\n",
        "    if previous is None and header.previous != previous:\n",
        [DAMAGE],
    ),
    Mutant(
        "a file belongs to this ledger",
        SEGMENT,
        "    if ledger is not None and header.ledger != ledger:\n",
        "    if ledger is None and header.ledger != ledger:\n",
        [DAMAGE],
    ),
    Mutant(
        "a file is of the day in its name",
        SEGMENT,
        "    if header.day != day:\n",
        "    if not header.day:\n",
        [DAMAGE],
    ),
    Mutant(
        "a line has a longest length",
        SEGMENT,
        "        if fault is None and len(rest) > MAX_LINE_BYTES:\n",
        "        if fault is None and len(rest) < 0:\n",
        ["tests/properties/test_hostile_log.py"],
    ),
    # -- writing
    Mutant(
        "an append is synced before it is acknowledged",
        STORE,
        '            if is_synced:\n                self._fs.sync_data(log.fd)\n',
        '            if is_synced:\n',
        [DURABLE, CRASHES],
    ),
    Mutant(
        "a new file's bytes are synced",
        DISK,
        "                    offset += len(part)\n                self.sync_data(fd)\n",
        "                    offset += len(part)\n",
        [DURABLE, LAYOUT, CRASHES],
    ),
    Mutant(
        "a new file's name is synced",
        DISK,
        "            raise\n        self.sync_directory(path.parent)\n",
        "            raise\n",
        [DURABLE, LAYOUT, CRASHES],
    ),
    Mutant(
        "the way to a new ledger is synced",
        OPEN,
        "        fs.sync_path_to(directory)  # it may be there, and not be certain yet\n",
        "",
        [FAILURES],
    ),
    Mutant(
        "the old day is durable before the new one begins",
        STORE,
        "            if self._durable_seq < log.cursor.seq:\n"
        "                self._fs.sync_data(log.fd)\n"
        "                self._durable_seq = log.cursor.seq\n            # A HEAD",
        "            # A HEAD",
        [DURABLE, LAYOUT, CRASHES],
    ),
    Mutant(
        "a day's file never goes back",
        STORE,
        "        day = max(now.date().isoformat(), self._log.cursor.day)\n",
        "        day = now.date().isoformat()\n",
        [LAYOUT, CONTRACT],
    ),
    Mutant(
        "a clock that jumps begins no file",
        STORE,
        "            self._jump.check(now, self._log.cursor.day)\n",
        "",
        [UNIT + "test_clock_jump.py"],
    ),
    Mutant(
        "a record names its batch",
        STORE,
        "        batch = self._durable_seq + 1\n",
        "        batch = 1\n",
        [LAYOUT, DURABLE, TAIL],
    ),
    Mutant(
        "a failed write poisons the handle",
        STORE,
        "        self._poison = self._unknown(path, cause.message, cause.hint)\n"
        "        return self._poison\n",
        "        return self._unknown(path, cause.message, cause.hint)\n",
        [DURABLE],
    ),
    Mutant(
        "what a dead writer left is written again before it counts",
        STORE,
        "            self._fs.write_at(log.fd, data, cursor.write_offset)\n"
        "            self._fs.sync_data(log.fd)\n",
        "            self._fs.sync_data(log.fd)\n",
        [DURABLE, TAIL, FAILURES, CRASHES],
    ),
    Mutant(
        "what a dead writer left is synced before it counts",
        STORE,
        "        if known < cursor.seq:\n            self._adopt()\n",
        "        if known < cursor.seq:\n",
        [DURABLE, TAIL, CRASHES],
    ),
    Mutant(
        "a version that is not expected is refused",
        "eventstore/group.py",
        "            if new.version != current + 1:\n",
        "            if new.version <= current - 1000:\n",
        [CONTRACT],
    ),
    # -- HEAD
    Mutant(
        "HEAD moves with every append",
        STORE,
        "= after.seq\n            self._put_head(head, encoded)\n",
        "= after.seq\n",
        [LAYOUT, SHARED],
    ),
    Mutant(
        "HEAD moves only after the sync",
        STORE,
        "            self._fs.write_at(log.fd, data, log.cursor.offset)\n"
        '            if is_synced:\n',
        "            self._put_head(head, encoded)\n"
        "            self._fs.write_at(log.fd, data, log.cursor.offset)\n"
        '            if is_synced:\n',
        [DURABLE, SHARED, FAILURES],
    ),
    Mutant(
        "HEAD has a check of its own",
        HEAD,
        "    if not mark or check != sha256(body).hexdigest()[:_CHECK].encode() + b'\"}':\n",
        "    if not mark:\n",
        [DAMAGE, UNIT],
    ),
    Mutant(
        "HEAD proves that the log was longer",
        LOG,
        "        if head.durable_seq > cursor.seq:\n            raise self.shorter(\n",
        "        if head.durable_seq > cursor.seq + 1000:\n            raise self.shorter(\n",
        [DAMAGE],
    ),
    Mutant(
        "HEAD proves which record was last",
        LOG,
        "        if head.offset and end is not None and end.seq == head.seq"
        " and end.hash != head.hash:\n",
        "        if head.offset and end is None:\n",
        [DAMAGE, CRASHES],
    ),
    Mutant(
        "readers go no further than HEAD",
        LOG,
        "            limit = min(limit, head.offset)\n",
        "            limit = max(limit, head.offset)\n",
        [SHARED, UNIT + "test_reader.py", CONTRACT],
    ),
    Mutant(
        "HEAD is of this ledger",
        STORE,
        "        if head is not None and head.ledger != self._identity.ledger_id:\n",
        "        if head is not None and not head.ledger:\n",
        [DAMAGE],
    ),
    # -- the tail
    Mutant(
        "what is cut off is kept aside first",
        JUDGE,
        "        fs.write_file_durably(kept, tail)\n",
        "",
        [TAIL],
    ),
    Mutant(
        "a tail that was durable is no torn one",
        JUDGE,
        "    if head is not None and head.durable_seq > cursor.seq:\n        return f\"record",
        "    if head is None and cursor.seq < 0:\n        return f\"record",
        [TAIL, DAMAGE],
    ),
    Mutant(
        "a later batch proves that a tail is no torn one",
        JUDGE,
        "        if record.batch > cursor.seq + 1:\n",
        "        if record.batch > cursor.seq + 1_000_000:\n",
        [TAIL, DAMAGE],
    ),
    Mutant(
        "a sound record that does not belong there proves it too",
        JUDGE,
        "        if record.seq <= seq or not (gap or _follows(record, seq, prev)):\n",
        "        if record.seq < 0:\n",
        [TAIL, DAMAGE],
    ),
    Mutant(
        "a write counts as a whole or not at all",
        SEGMENT,
        "    while count and records[count - 1].more:\n",
        "    while count and records[count - 1].more < 0:\n",
        [TAIL, CONTRACT, CRASHES],
    ),
    Mutant(
        "the cut is synced",
        JUDGE,
        "            fs.truncate(fd, offset)\n            fs.sync_data(fd)\n",
        "            fs.truncate(fd, offset)\n",
        [TAIL, DURABLE, CRASHES],
    ),
    # -- several processes, and whose files these are
    Mutant(
        "writers take turns",
        STORE,
        "            self._fs.lock(fd, wait=True)\n            try:\n",
        "            try:\n",
        [SHARED, FAILURES],
    ),
    Mutant(
        "a writer goes to the end of the log before it appends",
        STORE,
        "            with self._locked():\n"
        "                self._catch_up()\n                accepted",
        "            with self._locked():\n                accepted",
        [SHARED, CONTRACT],
    ),
    Mutant(
        "the child of a fork uses no lock",
        STORE,
        "        if self._is_forked():\n            raise StorageError(\n",
        "        if self._pid < 0:\n            raise StorageError(\n",
        [SHARED, "tests/unit/scheduler/test_ledger.py"],
    ),
    Mutant(
        "links are not followed",
        DISK,
        "        flags = os.O_RDWR | _NO_FOLLOW | (os.O_TRUNC if truncate else 0)\n",
        "        flags = os.O_RDWR | (os.O_TRUNC if truncate else 0)\n",
        [PLACE, OPENING],
    ),
    Mutant(
        "files are 0600 whatever the umask",
        DISK,
        "        if stat.S_IMODE(os.fstat(fd).st_mode) != FILE_MODE:\n",
        "        if stat.S_IMODE(os.fstat(fd).st_mode) == 0:\n",
        [PLACE, LAYOUT, OPENING],
    ),
    Mutant(
        "another user's directory is refused",
        "eventstore/place.py",
        "        fs.check_owner(directory)\n",
        "",
        [PLACE],
    ),
    Mutant(
        "a network file system is refused",
        "eventstore/place.py",
        "    if not allow_network and kind is not None and is_network(kind):\n",
        "    if not allow_network and kind is None and is_network(str(kind)):\n",
        [PLACE],
    ),
    Mutant(
        "a directory of other data is no place for a ledger",
        OPEN,
        '    if any(name.startswith("jobs_") for name in names):\n',
        '    if any(name.startswith("?") for name in names):\n',
        [OPENING, "tests/unit/scheduler/test_ledger.py"],
    ),
    Mutant(
        "a ledger whose log is gone is not made anew",
        OPEN,
        "    if has_head:\n        raise corrupt(",
        "    if has_head and not names:\n        raise corrupt(",
        [DAMAGE],
    ),
    # -- the snapshot
    Mutant(
        "a snapshot's hash is checked",
        "projections/snapshot.py",
        "    if header.size != len(body) or header.hash != _hash(header, body):\n",
        "    if header.size != len(body):\n",
        [SNAPSHOT],
    ),
    Mutant(
        "a snapshot is of this ledger",
        "eventstore/position.py",
        "    if position.ledger != ledger_id:\n",
        "    if not position.ledger:\n",
        [SNAPSHOT],
    ),
    Mutant(
        "behind a snapshot every older day file has the length that it had",
        "eventstore/position.py",
        "        if size != read.size:\n",
        "        if size < 0:\n",
        [SNAPSHOT],
    ),
    Mutant(
        "behind a snapshot no older day file is missing or new",
        "eventstore/position.py",
        "    if days != [read.day for read in position.days]:\n",
        "    if days[-1:] != [last.day]:\n",
        [SNAPSHOT],
    ),
    Mutant(
        "the last record behind a snapshot is the one that it was",
        "eventstore/position.py",
        "    if (record.seq, record.hash, record.more) != (last.seq, last.hash, 0):\n",
        "    if record.more:\n",
        [SNAPSHOT],
    ),
    Mutant(
        "what does not verify behind a snapshot is judged without it",
        "scheduler/ledger.py",
        "            self._restore(nothing)\n            self._store.start_over()\n",
        "            raise damage\n",
        [SNAPSHOT],
    ),
    Mutant(
        "a snapshot stands for events that are on disk",
        "scheduler/snapshots.py",
        "                sync()\n",
        "",
        [SNAPSHOT, CRASHES],
    ),
    Mutant(
        "pacing goes on behind a snapshot",
        "scheduler/scheduler.py",
        "            self._pace.restore(snapshot.pace)\n",
        "            pass\n",
        [SNAPSHOT],
    ),
    Mutant(
        "a snapshot without what pacing has to know is not used",
        "scheduler/scheduler.py",
        "        if self._pace is not None and (known is None or not self._pace.reaches(known)):\n",
        "        if self._pace is not None and known is None:\n",
        [SNAPSHOT],
    ),
]  # fmt: skip
