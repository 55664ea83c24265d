"""Doing once what is asked for several times with the same `Idempotency-Key`.

Who asks again after a broken connection gets the first answer. A job that is added with a key has
its id from it, so that it is added once also when this process ended in between.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from starlette.responses import Response

from .. import ValidationError
from .keys import MOST_KEYS, Done
from .problems import Refusal
from .site import Call

_HEADER = "Idempotency-Key"
_LONGEST = 200


def key_of(call: Call) -> str | None:
    """Return the key of a request, if it has one.

    Raises:
        ValidationError: it is empty or too long.
    """
    key = call.request.headers.get(_HEADER)
    if key is not None and not 1 <= len(key) <= _LONGEST:
        raise ValidationError(f"a key has 1 to {_LONGEST} characters", field=_HEADER)
    return key


def job_id_for(call: Call) -> str | None:
    """Return the id of the job that is added with this request's key, None without a key."""
    key = key_of(call)
    if key is None:
        return None
    text = f"{call.site.ledger.ledger_id}\n{call.visitor.by}\n{key}"
    return f"key-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def once(call: Call, do: Callable[[object], Response], given: object) -> Response:
    """Do it, or return what was answered when it was done with this key.

    Raises:
        ValidationError: the key was used for something else.
        Refusal: it is being done right now.
    """
    key = key_of(call)
    if key is None:
        return do(given)
    keys, name = call.site.keys, (call.visitor.by, key)
    asked = hashlib.sha256(call.request.url.path.encode() + b"\n" + call.body).digest()
    with keys.lock:
        found = keys.done.get(name)
        if found is not None:
            if found.asked != asked:
                raise ValidationError(
                    "this key was used for something else", field=_HEADER, hint="make a new one"
                )
            if found.response is None:
                raise Refusal(409, "this is being done right now", hint="ask again in a moment")
            return found.response
        keys.done[name] = mine = Done(asked)
        while len(keys.done) > MOST_KEYS:
            keys.done.popitem(last=False)
    try:
        mine.response = do(given)
    except BaseException:
        with keys.lock:
            keys.done.pop(name, None)  # it was not done, or nobody knows: it may be tried again
        raise
    return mine.response
