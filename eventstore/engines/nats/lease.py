"""The lease of a runner: an entry of a KV bucket that a thread of its own renews.

Nobody's clock is compared with anybody else's. A runner counts its own lease from before it sent a
renewal; others count from when they saw that, and end it when it has not changed for a whole lease
since. Ending is three steps that anybody may go on with: the entry says `ending`, if it is still
the one that was seen, and its runner can renew it no more; a mark stands in the ledger's own
stream, behind which nothing of that runner is taken; the entry says `ended`.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import uuid4

import msgspec

from ....domain import SchedulerRunningError, StorageError
from ...clock_jump import boot_time
from ...lease_time import LeaseTime
from ...runners import RunnerEndedError, RunnerSeen
from .connection import UnansweredError
from .jetstream import READ_S, WRONG_LAST, RefusedError
from .location import NatsLocation
from .pause import pause
from .runner_entries import RunnerEntries, RunnerEntry, SeenEntry

_DRIFT = 1.05
"""How much longer than a lease others wait: no two clocks are quite as fast."""
_uptime = boot_time() or time.monotonic


class LeasedStream(Protocol):
    """The engine whose appends need the lease."""

    runner: str | None

    def look(self) -> None:
        """See how far the stream is."""

    def mark_ended(self, runner: str, by: str) -> None:
        """Append that a runner was ended."""


class NatsLease:
    """The right of a runner of this process; `acquire` takes one, `release` gives it back."""

    def __init__(
        self, engine: LeasedStream, location: NatsLocation, ledger_id: str, name: str
    ) -> None:
        self._engine = engine
        self._at = location
        self._entries = RunnerEntries(location, ledger_id)
        self._name = name
        self._lock = threading.Lock()
        self._stop: threading.Event | None = None
        self._time = LeaseTime(location.lease_s, _uptime)
        self._entry: RunnerEntry | None = None
        self._revision = 0
        self._others: dict[str, tuple[int, float]] = {}
        """Of each other runner: its revision, and since when that has been seen here."""
        self.runner = ""

    # -- having it -----------------------------------------------------------------------------

    def acquire(self) -> None:
        """Take a new one, and have it renewed from here on."""
        self._end_thread()
        self._engine.look()  # every mark that there ever is of this runner comes behind that
        self._entries.make()
        entry, revision, sent = self._new_entry()
        with self._lock:
            self._entry, self._revision = entry, revision
            self.runner, self._engine.runner = entry.runner, entry.runner
            self._time.taken(sent)
            self._others.clear()
        self._look_at_others()
        stop = self._stop = threading.Event()
        threading.Thread(
            target=self._keep, args=(stop, entry.runner), name="jobledger-lease", daemon=True
        ).start()

    def _new_entry(self) -> tuple[RunnerEntry, int, float]:
        deadline = time.monotonic() + READ_S
        while True:
            runner = f"{self._name}:{uuid4().hex[:12]}"
            lease_s, now = self._at.lease_s, datetime.now(UTC)
            entry = RunnerEntry(runner, self._entries.ledger_id, "alive", lease_s, now)
            sent = _uptime()
            try:
                return entry, self._entries.put(entry, 0), sent
            except (RefusedError, UnansweredError) as error:
                # What may have come of it runs out; the next one has another name.
                if time.monotonic() > deadline:
                    raise self._failed("take a lease for", error) from error
                pause(0.2)

    def check(self) -> None:
        """Check that it still holds; where it has run out it is renewed, if nobody was faster.

        Raises:
            RunnerEndedError: another runner has ended this one.
            SchedulerRunningError: none is held.
        """
        if not self.runner or self._stop is None:
            raise SchedulerRunningError(
                f"there is no lease for the jobs of {self._at.shown}", path=self._at.shown
            )
        self.renew_if_lapsed()
        if self._time.was_ended:
            raise self.ended()

    def valid_for_s(self) -> float:
        """Say for how long it holds, as far as is known here."""
        return self._time.valid_for_s()

    def renew_if_lapsed(self) -> None:
        """Renew it where it has run out.

        Raises:
            RunnerEndedError: another runner has ended this one.
            StorageError: it cannot be renewed.
        """
        if self.valid_for_s() <= 0 and not self._renew(self.runner):
            raise self.ended()

    def ended(self) -> RunnerEndedError:
        """Note that this runner was ended, and return the error that says so."""
        self._time.was_ended = True
        return RunnerEndedError(
            f"another runner has ended this one, {self.runner}, which had not renewed its lease for"
            f" {self._at.lease_s:g} s",
            path=self._at.shown,
        )

    def release(self) -> None:
        """Give it back, so that others need not wait until it has run out."""
        self._end_thread()
        if self._entry is not None and self._engine.runner == self.runner:
            self._engine.runner = None
            left = msgspec.structs.replace(self._entry, state="ended", ended_by=self.runner)
            with self._lock, suppress(StorageError, RefusedError, UnansweredError):
                self._entries.put(left, self._revision, for_s=2.0)  # else it runs out
        self._entries.close()

    def abandon(self) -> None:
        """Forget it: in the child of a fork it is the parent's."""
        self._stop, self._engine.runner = None, None
        self._entries.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._entries.close()

    # -- others --------------------------------------------------------------------------------

    def living(self) -> frozenset[str]:
        """Return the runners that nobody has ended.

        Any server may answer, one that is behind too: so this runner renews its lease first, and
        believes an answer that has that. It has every lease that was taken before, then.
        """
        if not self._renew(self.runner):
            raise self.ended()
        mine, deadline = self._revision, time.monotonic() + READ_S
        while True:
            seen = self._entries.all()
            if any(one.entry.runner == self.runner and one.revision >= mine for one in seen):
                return frozenset(one.entry.runner for one in seen if one.entry.state != "ended")
            if time.monotonic() > deadline:
                raise StorageError(
                    f"the servers of {self._at.shown} do not agree on who runs its jobs",
                    path=self._at.shown,
                )
            pause(0.02)

    def end_lapsed(self) -> list[str]:
        """End the runners whose lease has run out (see `port.RunnerLease`)."""
        if not self._time.may_end_others:
            return []
        seen = self._look_at_others()
        if not self._time.may_end_others:  # that took long
            return []
        return [
            one.entry.runner
            for one in seen
            if one.entry.state != "ended" and self._has_lapsed(one) and self._end(one)
        ]

    def _has_lapsed(self, one: SeenEntry) -> bool:
        """Say whether an entry has not changed for a whole lease in which it could have."""
        if one.entry.runner == self.runner:
            return False
        if one.entry.state == "ending":
            return True
        revision, since = self._others.get(one.entry.runner, (0, _uptime()))
        needs_s = max(one.entry.lease_s, self._at.lease_s) * _DRIFT
        unchanged_s = _uptime() - since  # rule: unchanged-for-a-whole-lease
        return revision == one.revision and unchanged_s >= needs_s

    def _end(self, one: SeenEntry) -> bool:
        """End a runner; return whether it was this one that did."""
        entry, revision = one.entry, one.revision
        try:
            if entry.state == "alive":
                entry = msgspec.structs.replace(entry, state="ending", ended_by=self.runner)
                revision = self._entries.put(entry, revision)
            self._engine.mark_ended(entry.runner, self.runner)
            self._entries.put(msgspec.structs.replace(entry, state="ended"), revision)
        except RefusedError as error:
            if error.code in WRONG_LAST:
                return False  # it has renewed its lease, or somebody else goes on with this
            raise self._failed("end runners of", error) from error
        except UnansweredError as error:
            raise self._failed("end runners of", error) from error
        return True

    def _look_at_others(self) -> list[SeenEntry]:
        """Return all entries, having noted which have changed since they were seen last."""
        asked, seen = _uptime(), self._entries.all()
        for one in seen:
            if one.revision > self._others.get(one.entry.runner, (0, 0.0))[0]:
                self._others[one.entry.runner] = (one.revision, max(asked, _uptime()))
        return seen

    def all(self) -> list[RunnerSeen]:
        """Return the runners, and those that ended lately."""
        if not self._entries.are_there():
            return []
        found = []
        for one in self._entries.all():
            entry, at = one.entry, one.at
            has_ended = entry.state == "ended"
            expires_at = None if at is None else at + timedelta(seconds=entry.lease_s)
            found.append(
                RunnerSeen(
                    entry.runner,
                    entry.started_at,
                    None if has_ended else at,
                    None if has_ended else expires_at,
                    at if has_ended else None,
                    entry.ended_by if has_ended else None,
                )
            )
        return sorted(found, key=lambda seen: (seen.started_at, seen.runner))

    # -- renewing ------------------------------------------------------------------------------

    def _keep(self, stop: threading.Event, runner: str) -> None:
        """Renew it until `stop`, in a thread of its own: nothing that the runner does delays it."""
        every_s = self._at.lease_s / 3
        while not stop.wait(every_s if self.valid_for_s() > every_s else every_s / 10):
            try:
                if not self._renew(runner):
                    return
                self._look_at_others()
            except StorageError:
                pass  # tried again; whoever appends meanwhile is told

    def _renew(self, runner: str) -> bool:
        """Renew it; False: another runner has ended this one.

        Raises:
            StorageError: it cannot be renewed.
        """
        with self._lock:
            for _ in range(3):
                entry = self._entry
                if entry is None or entry.runner != runner or self._time.was_ended:
                    return False
                sent = _uptime()
                try:
                    self._revision = self._entries.put(entry, self._revision)
                except RefusedError as error:
                    if error.code not in WRONG_LAST:
                        raise self._failed("renew the lease of", error) from error
                    if not self._has_taken_it(entry):
                        self._time.was_ended = True
                        return False
                except UnansweredError as error:
                    raise self._failed("renew the lease of", error) from error
                else:
                    if not self.valid_for_s():
                        self._others.clear()  # they could not renew theirs either
                    self._time.renewed(sent, None)
                    return True
            raise self._failed("renew the lease of", RuntimeError("the servers do not agree"))

    def _has_taken_it(self, entry: RunnerEntry) -> bool:
        """Say whether the entry is still this runner's, and only the answer to a renewal was lost;
        its revision is known then."""
        seen = self._entries.one(entry.runner)
        if seen is None:
            return False  # who is not known has ended
        self._revision = seen.revision
        return seen.entry.state == "alive"

    def _end_thread(self) -> None:
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def _failed(self, what: str, error: Exception) -> StorageError:
        return StorageError(f"cannot {what} {self._at.shown}: {error}", path=self._at.shown)
