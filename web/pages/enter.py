"""Entering: by the one-time address, by the token, or by name and password; and leaving."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from ..guard import cookie_name
from ..page import render
from ..problems import Refusal
from ..sessions import TooManyTriesError
from ..site import Call
from ..users import TooBusyError
from ..words import LANGUAGE_COOKIE, LANGUAGES


def enter_page(call: Call) -> Response:
    """Ask who it is."""
    return render(call, "enter.html", by_name=call.site.settings.users is not None, wrong=False)


def enter(call: Call) -> Response:
    """Begin a session, and show the first page; or ask again."""
    sessions, form = call.site.sessions, call.form
    try:
        if call.site.settings.users is None:
            session = sessions.enter(form.get("token", "").strip())
        else:
            session = sessions.sign_in(form.get("name", "").strip(), form.get("password", ""))
    except TooManyTriesError:
        raise Refusal(
            429, "that name was tried too often", hint="try again in 5 minutes", after_s=300
        ) from None
    except TooBusyError:
        raise Refusal(
            429, "too many are signing in just now", hint="try again in some seconds", after_s=5
        ) from None
    if session is None:
        by_name = call.site.settings.users is not None
        return render(call, "enter.html", 403, by_name=by_name, wrong=True)
    response = RedirectResponse("/", 303)
    response.set_cookie(
        cookie_name(call.site.settings),
        session,
        httponly=True,
        samesite="strict",
        secure=call.site.settings.behind_tls,
        path="/",
    )
    return response


def leave(call: Call) -> Response:
    """End the session."""
    name = cookie_name(call.site.settings)
    call.site.sessions.end(call.request.cookies.get(name, ""))
    response = RedirectResponse("/enter", 303)
    response.delete_cookie(name, path="/", secure=call.site.settings.behind_tls, httponly=True)
    return response


def set_language(call: Call) -> Response:
    """Keep the language that was chosen, and go back."""
    language, back = call.form.get("language", ""), call.form.get("back", "/")
    if language not in LANGUAGES:
        raise Refusal(422, "there is no such language", field="language")
    own = back.startswith("/") and not back.startswith(("//", "/\\"))
    response = RedirectResponse(back if own else "/", 303)
    response.set_cookie(
        LANGUAGE_COOKIE,
        language,
        max_age=365 * 86_400,
        samesite="lax",
        httponly=True,
        secure=call.site.settings.behind_tls,
    )
    return response
