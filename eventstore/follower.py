"""Following a log: bringing its owner up to it, and keeping it there."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Generic

from ..domain import LedgerCorruptError
from .commit_queue import broken_off
from .delivery import Delivery
from .log import VerifiedLog
from .port import (
    Engine,
    Exclusive,
    LogReplacedError,
    Resumable,
    Seeks,
    Tail,
    TornTail,
    reading_of,
)
from .position import DayRead, Position, PositionError
from .record import Form, R
from .standing import Standing


@contextmanager
def _without_gc() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class FirstReading(Generic[R]):
    """How an owner of a log brings itself up to it from nothing: at the first call, and again where
    an interruption left the handle in the middle of something.

    Nothing else of the log may be used meanwhile but what it tells.
    """

    def __init__(self, follower: LogFollower[R]) -> None:
        self._follower = follower

    @property
    def position(self) -> Position:
        """Return where the log stands: at the beginning, before `read` was called."""
        return self._follower.log.position()

    @property
    def damage(self) -> LedgerCorruptError | None:
        """Return what a handle that only reads has met."""
        return self._follower.damage

    def go_on_from(self, position: Position) -> None:
        """Take the log up to `position` as read: `read` delivers what comes after it.

        Raises:
            PositionError: the log does not have what was before it, or the engine cannot tell;
                `read` starts at the beginning, as if this had not been asked.
            StorageError: it cannot be read.
        """
        self._follower.go_on_from(position)

    def start_over(self) -> None:
        """Stand at the beginning again."""
        self._follower.begin()

    def lose(self) -> None:
        """Have the next call read everything anew, at any time: the owner has met that what it
        knows of before the position is not to be used."""
        self._follower.lose()

    def read(self) -> None:
        """Deliver the log to the observer, mending its end unless this handle only reads.

        Raises:
            LedgerCorruptError: the log does not verify.
        """
        self._follower.read_all()


class LogFollower(Generic[R]):
    """Reads the log of an engine on, telling the owner by `delivery`; used by one thread at a time.

    `log` is how far that is. Where an interruption leaves it in the middle of something, everything
    is read anew: `renew` brings the owner up to the log from nothing.
    """

    def __init__(
        self,
        engine: Engine,
        form: Form[R],
        delivery: Delivery[R],
        standing: Standing,
        renew: Callable[[FirstReading[R]], None],
        *,
        read_only: bool,
    ) -> None:
        self._engine = engine
        self._exclusive = engine if isinstance(engine, Exclusive) and not read_only else None
        self._form = form
        self._delivery = delivery
        self._standing = standing
        self._renew = renew
        self._read_only = read_only
        self.damage: LedgerCorruptError | None = engine.identity.fault
        """What a handle that only reads has met."""
        self.log = self._new_log()
        self.is_read = False
        """Whether the owner was brought up to the log, and nothing that it does with it was broken
        off since; else everything is read anew."""

    def _new_log(self) -> VerifiedLog[R]:
        engine = self._engine
        return VerifiedLog(
            engine, engine.identity.ledger_id, engine.where, self._form, self._delivery.read
        )

    @property
    def is_whole(self) -> bool:
        """Say whether the log's cursor, the versions and the owner have all seen the same records.

        Not before the first reading, nor within a step that moves them; where that is broken off it
        stays so, and everything is read anew.
        """
        return self.is_read and self.log.is_whole

    @property
    def torn(self) -> TornTail | None:
        """Return what was cut off the end of the log, if anything was."""
        return None if self._exclusive is None else self._exclusive.torn

    # -- the first reading ---------------------------------------------------------------------

    def read_anew(self) -> None:
        """Forget everything, and bring the owner up to the log from nothing."""
        if not self._engine.identity.ledger_id:
            self.is_read = True  # nothing is sound: `damage` says so
            return
        self.is_read = False
        self.begin()
        self._delivery.start_over()
        with _without_gc():  # millions of new objects, none of them garbage
            self._renew(FirstReading(self))
        self.is_read = True

    def begin(self) -> None:
        """Have read nothing."""
        self.log, self.damage = self._new_log(), None

    def go_on_from(self, position: Position) -> None:
        """Stand at a position, having read nothing of what is before it.

        Raises: as `FirstReading.go_on_from`.
        """
        if not isinstance(self._engine, Resumable):
            raise PositionError("the engine keeps no place to go on from")
        self._engine.check_position(position)
        self.log.go_on_from(position)

    def read_all(self) -> None:
        """Deliver the log from where the cursor stands, mending its end where we may write.

        Raises:
            LedgerCorruptError: it does not verify.
        """
        tail = self._engine.tail()
        if self._read_only or self._standing.poison is not None:
            try:
                self._follow(tail)
            except LedgerCorruptError as error:
                self._standing.check_not_refused()
                if not self._read_only:
                    raise
                self.damage = error
        elif self._exclusive is None:
            self._follow(tail)
        else:
            if tail is not None:
                self.log.advance(tail)  # what does not verify is judged in the turn
            with self._exclusive.turn():
                self._exclusive.settle(self.log, opening=True)

    def lose(self) -> None:
        """Have everything read anew, next time."""
        self.is_read = False

    # -- reading on ----------------------------------------------------------------------------

    def has(self, end: DayRead) -> bool:
        """As `EventLog.has`."""
        if end.seq > self.log.cursor.seq:
            return False
        if end == self.log.day_read():
            return True
        if isinstance(self._engine, Resumable):
            try:
                self._engine.check_record(end)
            except PositionError:
                return False
            return True
        return any(record.hash == end.hash for record in self.read(end.seq - 1))

    def read(self, after: int, until: int | None = None) -> Iterator[R]:
        """As `EventLog.read`."""
        return self.log.read(after, reading_of(self._engine), until)

    def find(self, seqs: Iterable[int]) -> Iterator[R | None] | None:
        """As `EventLog.find`."""
        with reading_of(self._engine) as source:
            if not isinstance(source, Seeks):
                return None
        return self.log.find(seqs, reading_of(self._engine))

    def changed(self) -> bool:
        """Say whether `read_on` would deliver something."""
        if self._standing.is_closed or self.damage is not None:
            return False
        tail = self._engine.tail()
        return not self.is_whole if tail is None else tail.seq > self.log.cursor.seq

    def read_on(self) -> None:
        """Deliver every record that is acknowledged and was not seen, as a reader.

        Raises:
            LedgerCorruptError: the log does not verify from here on, and this handle may write.
            StorageError: it cannot be read.
        """
        if self.damage is not None:
            return
        tail = self._engine.tail()
        if tail is None or tail.seq <= self.log.cursor.seq:
            return
        try:
            self._follow(tail)
        except LedgerCorruptError as error:
            self._standing.check_not_refused()
            if not self._read_only:
                raise  # up to the damage, which stays where it is
            self.damage = error
        except LogReplacedError:
            self.is_read = False
            raise

    def _follow(self, tail: Tail | None) -> None:
        """Read up to `tail` (without one, to the end): nothing there may be torn."""
        damage = self.log.advance(tail)
        if damage is not None:
            raise damage
        self.log.check_tail(tail)

    @contextmanager
    def still(self, *, replacing: bool = False) -> Iterator[Callable[[], Position]]:
        """Tell where the log stands, whoever asks for it. With `replacing` the owner puts what it
        knows in place anew: broken off in that, it reads the log again.

        Raises:
            StorageError: it stands nowhere: it was interrupted and has not read anew yet.
        """
        if not self.is_whole:
            raise broken_off()
        if not replacing:
            yield self.log.position
            return
        self.is_read = False
        yield self.log.position
        self.is_read = True

    # -- the turn ------------------------------------------------------------------------------

    @property
    def has_turns(self) -> bool:
        """Say whether the engine can be had for oneself."""
        return self._exclusive is not None

    def turn(self) -> AbstractContextManager[None]:
        """Have the engine for itself, where it can be had."""
        return nullcontext() if self._exclusive is None else self._exclusive.turn()

    def let_go(self) -> None:
        """Give the turn back where an interruption kept it from being given back."""
        if self._exclusive is not None:
            self._exclusive.let_go()

    def settle(self, *, opening: bool = False) -> None:
        """Know the whole log. In the turn, if there are turns, it is then as it stays.

        Raises:
            LedgerCorruptError: it does not verify.
            StorageError: it cannot be read or written.
        """
        if self._exclusive is not None:
            self._exclusive.settle(self.log, opening=opening)
            return
        tail = self._engine.tail()
        if tail is not None and tail.seq > self.log.cursor.seq:
            self._follow(tail)
