"""Who is asking: sessions of browsers, and tokens of programs."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from .roles import Role
from .settings import SESSION_HOURS, WebSettings
from .users import NOBODY, TooBusyError, User, is_name, is_password

_MOST_SESSIONS = 1000
_MOST_FAILURES = 10
_MOST_NAMES = 1000
"""So many names are known with their failures; then those that were tried least are forgotten."""
_FAILURES_WITHIN = timedelta(minutes=5)


class Visitor(msgspec.Struct, frozen=True):
    """Somebody who may see the pages: under which name what they do is recorded, and their role.

    `csrf` is what a form of theirs has to carry; empty for a program, which carries its token.
    """

    by: str
    role: Role
    csrf: str = ""


class _Session(msgspec.Struct):
    visitor: Visitor
    seen_at: datetime


class TooManyTriesError(Exception):
    """A name was tried too often with a wrong password."""


class Sessions:
    """Knows who is who, for the life of this process. Safe to use from any thread."""

    def __init__(
        self, settings: WebSettings, users: Mapping[str, User], now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._users = users
        self._now = now
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}
        self._failures: dict[str, list[datetime]] = {}
        self._once: str | None = None

    def make_once(self) -> str:
        """Return a secret with which a browser may enter as the operator, one time."""
        with self._lock:
            self._once = secrets.token_urlsafe(24)
            return self._once

    def enter(self, secret: str) -> str | None:
        """Begin a session by the secret of the one-time address, or by the token; return its id,
        None where it is neither."""
        with self._lock:
            is_once = self._once is not None and is_same(secret, self._once)
            if is_once:
                self._once = None
        token = self._settings.token
        if not is_once and (token is None or not is_same(secret, token)):
            return None
        return self._begin(self._settings.operator, Role.OPERATOR)

    def sign_in(self, name: str, password: str) -> str | None:
        """Begin a session of a user; return its id, None where name or password are wrong.

        Raises:
            TooManyTriesError: it was wrong too often in the last minutes.
            TooBusyError: so many are signing in that this one was not tried.
        """
        if not is_name(name):
            return None  # nobody is called so, and whatever it is, it is not kept
        now = self._now()
        with self._lock:
            recent = self._recent(name, now)
            if len(recent) >= _MOST_FAILURES:
                raise TooManyTriesError
            if len(self._failures) >= _MOST_NAMES:
                self._forget_least_tried(now)  # rule: tries-are-not-forgotten
            self._failures[name] = [*recent, now]  # before it is known: of many at once all count
        user = self._users.get(name)
        try:
            is_right = is_password(password, NOBODY if user is None else user.hash)
        except TooBusyError:
            self._take_back(name, now)
            raise
        if user is None or not is_right:
            return None
        self._take_back(name, now)
        return self._begin(f"web:{name}", user.role)

    def _recent(self, name: str, now: datetime) -> list[datetime]:
        """Return when a name was tried with a wrong password lately."""
        return [at for at in self._failures.get(name, ()) if now - at < _FAILURES_WITHIN]

    def _forget_least_tried(self, now: datetime) -> None:
        """Make room for other names: whoever tries many has not one of them forgotten that was
        tried often."""
        kept = {name: recent for name in self._failures if (recent := self._recent(name, now))}
        most = sorted(kept, key=lambda name: len(kept[name]))[-_MOST_NAMES // 2 :]
        self._failures = {name: kept[name] for name in most}

    def _take_back(self, name: str, at: datetime) -> None:
        """Do not count a try as a failure."""
        with self._lock:
            counted = self._failures.get(name, [])
            if at in counted:
                counted.remove(at)

    def _begin(self, by: str, role: Role) -> str:
        session, now = secrets.token_urlsafe(32), self._now()
        with self._lock:
            self._forget_old(now)
            visitor = Visitor(by, role, secrets.token_urlsafe(24))
            self._sessions[_hidden(session)] = _Session(visitor, now)
        return session

    def _forget_old(self, now: datetime) -> None:
        oldest = now - timedelta(hours=SESSION_HOURS)
        kept = {key: one for key, one in self._sessions.items() if one.seen_at > oldest}
        most = sorted(kept.items(), key=lambda item: item[1].seen_at)[-_MOST_SESSIONS + 1 :]
        self._sessions = dict(most)

    def of_session(self, session: str) -> Visitor | None:
        """Return whose session this is; None where there is no such session any more."""
        now = self._now()
        with self._lock:
            found = self._sessions.get(_hidden(session))
            if found is None or now - found.seen_at > timedelta(hours=SESSION_HOURS):
                return None
            found.seen_at = now
            return found.visitor

    def of_token(self, token: str) -> Visitor | None:
        """Return who has this token; None where it is not the right one."""
        right = self._settings.token
        if right is None or not is_same(token, right):  # rule: right-token
            return None
        return Visitor("api:token", Role.OPERATOR)

    def of_metrics_token(self, token: str) -> Visitor | None:
        """Return who may read metrics, and nothing else, by this token; None where it is not the
        right one."""
        right = self._settings.metrics_token
        if right is None or not is_same(token, right):  # rule: right-metrics-token
            return None
        return Visitor("api:metrics", Role.VIEWER)

    def end(self, session: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(_hidden(session), None)


def is_same(one: str, other: str) -> bool:
    """Compare two secrets in a time that tells nothing of them."""
    return hmac.compare_digest(one.encode(), other.encode())


def _hidden(session: str) -> str:
    """Return what stands for a session here: who reads this memory cannot take it over."""
    return hashlib.sha256(session.encode()).hexdigest()
