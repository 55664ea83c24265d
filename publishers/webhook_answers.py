"""What an endpoint's answer says: done, refused, or nothing that is clear.

An endpoint that answers 200 has answered, not acted: many say in the body that they did not. Where
a body says both, or talks to people, nobody knows; then nothing is sent again by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from ..domain import clean_text
from ..scheduler import PostResult, WrongResultError
from .exchange import Response

Said = Literal["done", "refused", "unclear"]
SuccessRule = Callable[[Response], "bool | PostResult | None"]
"""A rule of one's own: whether an answer says that it is done; None leaves it to the usual rule."""

_ACTED = ("ok", "success", "succeeded", "successful", "accepted")
_YES_OR_NO = (*_ACTED, "posted", "published", "sent")
_STATES = ("status", "state", "result", "outcome", "type", "code")
_BAD_STATES = ("error", "err", "fail", "failed", "failure", "rejected", "refused", "denied",
               "invalid", "unauthorized", "forbidden", "ko", "nok", "false")  # fmt: skip
_GOOD_STATES = ("ok", "success", "succeeded", "successful", "true")
_LATER = ("queued", "pending", "scheduled", "processing", "in_progress", "waiting", "draft", "new",
          "running", "accepted")  # fmt: skip
_COMPLAINTS = ("error", "errors", "error_message", "errormessage", "error_code", "errorcode",
               "exception", "errcode", "failure", "failures", "failed", "is_error",
               "iserror", "has_errors", "haserrors", "error_description")  # fmt: skip
_NUMBERS = ("status", "statuscode", "status_code", "code", "http_status", "httpstatus")
_BAD_WORDS = re.compile(
    r"\W*(fatal\s+error|error|exception|fail(ed|ure)?|invalid|unauthori[sz]ed|forbidden|denied|"
    r"nok|ko|traceback|uncaught|warning)\b",
    re.IGNORECASE,
)
_BEGINNING = 4000
"""So many characters say what a text is."""
_PAGE = re.compile(r"\s*<(!doctype\s+html|html)\b.*<(title|form)\b", re.IGNORECASE | re.DOTALL)
_HALF_DONE = re.compile(
    r"internal|fatal|time[d_ -]*out|unknown[ _]error|server[ _]error|gateway|partial", re.IGNORECASE
)
"""With such a reason an endpoint does not know itself how far it came."""
_NOT_NOW = re.compile(r"rate[ _-]?limit|too many (requests|posts)|try again", re.IGNORECASE)
_SAYS_TWICE = re.compile(r"duplicat|already|exists", re.IGNORECASE)


class UnclearAnswer(WrongResultError):
    """An endpoint did whatever it did, and its answer does not say what: nothing is sent again."""


def said(answer: Response) -> Said:
    """Tell what the body of a 2xx says."""
    found = _said(answer)
    return "unclear" if found == "refused" and _HALF_DONE.search(reason(answer)) else found


def _said(answer: Response) -> Said:
    document = answer.document
    if isinstance(document, list) and any(isinstance(each, dict) for each in document):
        told = {_of_fields(each) for each in document if isinstance(each, dict)}
        return told.pop() if len(told) == 1 else "unclear"
    if isinstance(document, dict):
        return _of_fields(document)
    if document is False:
        return "refused"
    text = document if isinstance(document, str) else answer.text
    beginning = text[:_BEGINNING]
    words = re.sub(r"<[^<>]*>", " ", beginning)
    return "unclear" if _BAD_WORDS.match(words) or _PAGE.match(beginning) else "done"


def _of_fields(document: Mapping[str, Any]) -> Said:
    fields = {str(name).casefold(): value for name, value in document.items()}
    against = any(_against(fields))
    if not against:  # rule: body-of-an-answer-counts
        return "done"
    data = fields.get("data")
    done = "errors" in fields and _has_something(data)  # GraphQL: it was carried out in part
    return "unclear" if done or any(_for(fields)) else "refused"


def _against(fields: Mapping[str, Any]) -> Iterator[bool]:
    for name in _YES_OR_NO:
        yield name in fields and _is_no(fields[name])
    for name in _STATES:
        value = fields.get(name)
        yield isinstance(value, str) and value.strip().casefold() in _BAD_STATES
    for name in _NUMBERS:
        value = fields.get(name)
        yield type(value) is int and 400 <= value < 600
    for name in _COMPLAINTS:
        value = fields.get(name)
        yield bool(value) and not (isinstance(value, str) and value.strip().casefold() in (
            "0", "none", "null", "no", "false", ""))  # fmt: skip
    yield any(fields.get(name) is False for name in ("result", "status"))


def _for(fields: Mapping[str, Any]) -> Iterator[bool]:
    for name in _ACTED:
        value = fields.get(name)
        yield value is True or (isinstance(value, str) and value.strip().casefold() == "true")
    for name in _STATES:
        value = fields.get(name)
        yield isinstance(value, str) and value.strip().casefold() in _GOOD_STATES


def _is_no(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().casefold() in ("false", "no", "0")
    return value is False or (type(value) is int and value == 0)


def _has_something(data: object) -> bool:
    if isinstance(data, dict):
        return any(_has_something(value) for value in data.values())
    return data is not None


def says_that_it_is_out(answer: Response) -> bool:
    """Whether a 200 to the question for a job says so: an object, and nothing in it against it."""
    if not isinstance(answer.document, dict) or said(answer) != "done":
        return False
    fields = {str(name).casefold(): value for name, value in answer.document.items()}
    states = [fields.get(name) for name in _STATES]
    later = any(isinstance(state, str) and state.strip().casefold() in _LATER for state in states)
    return not later and all(fields.get(name) is not False for name in ("found", "exists", "out"))


def says_not_now(answer: Response) -> bool:
    """Whether a refusal is one for the moment alone."""
    return _NOT_NOW.search(reason(answer)) is not None


def says_that_it_is_known(answer: Response) -> bool:
    """Whether a 409 says that there is such a post already, be it this one or another."""
    return _SAYS_TWICE.search(reason(answer)) is not None


def reason(answer: Response) -> str:
    """Say in short what the answer's body says: its error, a message, or its text."""
    told = _told(answer.document)
    text = " ".join((told or answer.text).split())
    return f": {clean_text(text, 200)}" if text else ""


def _told(document: object) -> str | None:
    if isinstance(document, list) and document:
        return _told(document[0])
    if not isinstance(document, dict):
        return None
    for name in (
        "error",
        "errors",
        "message",
        "errmsg",
        "error_message",
        "msg",
        "description",
        "detail",
        "title",
    ):
        value = document.get(name)
        if isinstance(value, str) and value.strip():
            return value
        deeper = _told(value)
        if deeper is not None:
            return deeper
    return None
