"""What the handlers of one server share."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Mapping
from functools import wraps
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from .. import Ledger
from .guard import Asking
from .keys import Keys
from .moments import Look, look
from .problems import Refusal, problem_of, problem_response
from .roles import Role
from .sessions import Sessions, Visitor
from .settings import WebSettings
from .uploads import Upload
from .verifying import Verifying
from .words import LANGUAGE_COOKIE, Language, choose_language


class Site:
    """One ledger, and who may do what to it. With a read-only ledger nobody may change anything."""

    def __init__(
        self, ledger: Ledger, settings: WebSettings, sessions: Sessions, *, read_only: bool
    ) -> None:
        self.ledger = ledger
        self.settings = settings
        self.sessions = sessions
        self.read_only = read_only
        self.zone = ZoneInfo(ledger.timezone)
        self.keys = Keys()
        self.verifying = Verifying(ledger)
        self.importing = threading.Lock()
        """Held while a file is looked at: one at a time, whoever sent it."""
        self.waiting_to_import = threading.BoundedSemaphore(8)
        """Who looks at one, or waits for that: they hold threads that others could use."""
        self.secret = secrets.token_bytes(32)
        """Signs what forms carry, for the life of this process."""
        self.streams: set[asyncio.Event] = set()
        """One for each stream that is open, which ends when it is set."""

    def acting(self, visitor: Visitor) -> Ledger:
        """Return the handle through which a visitor changes jobs, so that it is known who did."""
        return self.ledger.acting(visitor.by)

    def end_streams(self) -> None:
        """Let whoever listens go. In the event loop."""
        for ended in self.streams:
            ended.set()

    def role(self, visitor: Visitor) -> Role:
        """Return what a visitor may do here."""
        if self.read_only:  # rule: only-shown
            return Role.VIEWER
        return visitor.role


class Call:
    """One request: who asks, of which moment, with what. `of_now`: whatever moment was asked for,
    the present is looked at."""

    def __init__(self, request: Request, *, of_now: bool = False) -> None:
        self.request = request
        self.site: Site = request.app.state.site
        asking: Asking = request.scope["jobledger"]
        self.form: Mapping[str, str] = asking.form
        self._fields = asking.fields
        self.body = asking.body
        self.uploads = asking.uploads
        self.query = request.query_params
        self.at = None if of_now else self.query.get("at") or None
        self._visitor = asking.visitor
        self._look: Look | None = None

    @property
    def visitor(self) -> Visitor:
        """Who asks: the guard lets nobody else this far."""
        if self._visitor is None:
            raise Refusal(401, "sign in first")
        return self._visitor

    @property
    def upload(self) -> Upload | None:
        """The file that was sent, where a form has one."""
        return self.uploads[0][1] if self.uploads else None

    @property
    def is_known(self) -> bool:
        """Whether whoever asks has signed in."""
        return self._visitor is not None

    @property
    def role(self) -> Role:
        """What the visitor may do."""
        return self.site.role(self.visitor)

    @property
    def look(self) -> Look:
        """The moment that was asked for.

        Raises:
            ValidationError: it is none.
        """
        if self._look is None:
            self._look = look(self.site.ledger, self.at)
        return self._look

    @property
    def language(self) -> Language:
        """The language of the answer: as asked for, as kept, or as the browser wishes."""
        request = self.request
        kept, wish = request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language")
        return choose_language(self.query.get("lang"), kept, wish or "")

    def values(self, name: str) -> list[str]:
        """Return all values of a name: of the form, or where none was sent of the address."""
        if self.request.method == "POST":
            return [value for key, value in self._fields if key == name]
        return self.query.getlist(name)

    def path(self, name: str) -> str:
        """Return a part of the path, as the route names it."""
        return str(self.request.path_params[name])

    def must_be(self, role: Role) -> None:
        """Check that the visitor has at least this role here.

        Raises:
            Refusal: they have not.
        """
        if self.role < role:  # rule: least-role
            what = "this ledger is shown, and not changed" if self.site.read_only else None
            raise Refusal(403, what or f"that needs the role {role.word} or more")


def handler(function: Callable[[Call], Response]) -> Callable[[Request], Response]:
    """Make a function of a call one of a request, which Starlette runs in a thread: whoever waits
    for the disk holds up nobody else."""

    @wraps(function)
    def handle(request: Request) -> Response:
        try:
            return function(Call(request))
        except Exception as error:  # noqa: BLE001 - whoever asked is told of it
            return problem_response(problem_of(error), request.scope)

    return handle
