"""What a publisher's answer means, in plain values: nothing of the publisher's own is in them.

A publisher has said "not posted" only where it returned `PostResult(False)` or raised `NotPosted`;
whatever else it did is told apart here by what may have become of the post.
"""

from __future__ import annotations

from types import CoroutineType
from typing import Any, Literal

import msgspec

from ..domain import StorageError
from ..instrumentation import (
    chain_of,
    described,
    guarded,
    id_of,
    is_of,
    kind_of,
    leaves_of,
    shown,
    text_of,
)
from .attempt import (
    WHAT_TO_RETURN,
    AccountWaits,
    NotPosted,
    OutcomeUnknown,
    PostResult,
    WrongResultError,
)
from .broken_off import may_be_out

Meaning = Literal["posted", "not_posted", "unknown", "failed", "nothing", "wrong", "late"]


class Answer(msgspec.Struct, frozen=True):
    """What asking a publisher came to.

    posted      it is out
    not_posted  it is not, by the publisher's own word
    unknown     it may be: the publisher says so, or it was broken off
    failed      it raised something that says nothing of the post
    nothing     it returned None
    wrong       it returned, or made a PostResult of, what says nothing
    late        it gave no answer in its time
    """

    means: Meaning
    error: str = ""
    raised: bool = False
    thread_id: str | None = None
    retryable: bool = True
    of_account: bool = False
    """Whether it is not of the post, but of its account: no other post would do better."""
    remark: str | None = None
    """What is to be told of a post that is out, besides its id."""


def of_value(value: Any) -> Answer:
    """Tell what is meant by what a publisher returned. Never raises."""
    return guarded(lambda: _of_value(value), _LOST)


def _of_value(value: Any) -> Answer:
    if value is None:
        return Answer("nothing", _wrong("None"))
    if not is_of(value, PostResult):
        _close(value)
        return Answer("wrong", _wrong(shown(value)))
    success, unknown = _field(value, "success"), _field(value, "outcome_unknown")
    if type(success) is not bool or type(unknown) is not bool:
        name = "success" if type(success) is not bool else "outcome_unknown"
        return Answer("wrong", _wrong(f"a PostResult with a {name} that is no bool"))
    if unknown:
        return Answer("unknown", _error(value))
    if not success:
        return Answer("not_posted", _error(value), retryable=_field(value, "retryable") is True)
    given = _field(value, "thread_id")
    thread_id = None if given is None else id_of(given)
    if given is None or thread_id is not None:
        return Answer("posted", thread_id=thread_id)
    what = "the reading of it raises" if given is _UNREADABLE else f"it is {shown(given)}"
    return Answer("posted", remark=f"the id of the post cannot be read: {what}")


def of_error(
    error: BaseException, outside: BaseException | None = None, *, stopped: bool = False
) -> Answer:
    """Tell what is meant by what a publisher raised, or by what was raised in it.

    `outside` is what was being handled when it was called. `stopped`: it was being cancelled, so
    that whatever it says but "not posted" may come of that. Never raises.
    """
    return guarded(lambda: _of_error(error, outside, stopped), _LOST)


def _of_error(error: BaseException, outside: BaseException | None, stopped: bool) -> Answer:
    text, leaves = described(error), leaves_of(error)
    if leaves and all(is_of(leaf, NotPosted) for leaf in leaves):
        again = all(_field(leaf, "retryable") is not False for leaf in leaves)
        # rule: trouble-of-an-account-is-no-failure
        account = all(is_of(leaf, AccountWaits) for leaf in leaves)
        return Answer("not_posted", text, raised=True, retryable=again, of_account=account)
    chain = [one for one, _ in chain_of(error, outside)]
    if any(is_of(one, WrongResultError) for one in chain):
        return Answer("wrong", text, raised=True)
    # An error of the ledger is one of a step that could not be recorded, and not of the post.
    open_ = any(is_of(one, OutcomeUnknown) or is_of(one, StorageError) for one in chain)
    torn = open_ or not is_of(error, Exception)
    if torn or stopped or may_be_out(error, outside):  # rule: broken-off-may-be-out
        return Answer("unknown", text, raised=True)
    return Answer("failed", text, raised=True)


def late(seconds: float) -> Answer:
    """Tell what it means that no answer came in so many seconds."""
    return Answer("late", f"in {seconds:g} s")


_LOST = Answer("unknown", "what the publisher answered could not be read", raised=True)
_UNREADABLE = object()


def _field(of: object, name: str) -> Any:
    return guarded(lambda: getattr(of, name), _UNREADABLE)


def _error(result: Any) -> str:
    given = _field(result, "error")
    if given is None:
        return ""
    text = None if given is _UNREADABLE else text_of(given)
    return f"an error that cannot be read ({kind_of(given)})" if text is None else text


def _wrong(what: str) -> str:
    return f"returned {what}, not a PostResult: {WHAT_TO_RETURN}"


def _close(value: Any) -> None:
    """Let go of a coroutine that the publisher forgot to await: nothing of it has run."""
    if is_of(value, CoroutineType):
        guarded(lambda: value.close(), None)
