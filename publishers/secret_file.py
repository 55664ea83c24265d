"""Where secrets are: in files that nobody else may read, or in variables of the environment."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import msgspec

from .tokens import TokenNotToBeHad

_CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Where systemd shows a service its credentials; it sees to who may read them."""


def read_private(path: Path, field: str) -> bytes:
    """Read a file of secrets.

    Raises:
        ValidationError: it cannot be read, or others may read it; `field` is what it is for.
    """
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()
    except OSError as error:
        raise TokenNotToBeHad(f"{path} cannot be read: {error.strerror}", field=field) from None
    is_open = os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO)
    if is_open and not _is_credential(path):  # rule: secrets-are-private
        raise TokenNotToBeHad(
            f"{path} has secrets, and others may read it", field=field, hint=f"chmod 600 {path}"
        )
    return data


def _is_credential(path: Path) -> bool:
    given = os.environ.get(_CREDENTIALS)
    return bool(given) and path.absolute().is_relative_to(Path(given or "").absolute())


def read_secret(path: Path | str) -> str:
    """Return the secret that a file has and nothing else; blanks and lines around it are left out.

    Raises:
        ValidationError: it cannot be read, or others may read it.
    """
    return read_private(Path(path), "secret").decode("utf-8", "replace").strip()


class SecretFile:
    """Gives the secret of an account from a file, `{"my-shop": "…"}`, read anew each time.

    The file is for its owner alone (0600), or a credential of systemd. `what` is what one of them
    is called: a token, a password.
    """

    def __init__(self, path: Path | str, what: str = "token") -> None:
        self._path = Path(path)
        self._what = what
        self._field = f"{what}s"

    def __repr__(self) -> str:
        return f"SecretFile({str(self._path)!r})"

    def __call__(self, account_id: str) -> str:
        """Return the secret of an account.

        Raises:
            ValidationError: there is none, or the file cannot be read.
        """
        data = read_private(self._path, self._field)
        try:
            kept = msgspec.json.decode(data, type=dict[str, str])
        except (msgspec.MsgspecError, RecursionError):
            fault = f"{self._path} is not as {self._what}s are kept"
            hint = 'JSON, such as {"my-shop": "…"}'
            raise TokenNotToBeHad(fault, field=self._field, hint=hint) from None
        if account_id not in kept:
            fault = f"there is no {self._what} for account {account_id!r} in {self._path}"
            hint = f'put it there: {{"{account_id}": "…"}}'
            raise TokenNotToBeHad(fault, field=self._field, hint=hint)
        return kept[account_id]


class SecretVariables:
    """Gives the secret of an account from the variable of the environment that is named for it."""

    def __init__(self, names: Mapping[str, str], what: str = "token") -> None:
        self._names = dict(names)
        self._what = what
        self._field = f"{what}s"

    def __repr__(self) -> str:
        return f"SecretVariables({self._names!r})"

    def __call__(self, account_id: str) -> str:
        """Return the secret of an account.

        Raises:
            ValidationError: no variable is named for it, or that is not set.
        """
        name = self._names.get(account_id)
        if name is None:
            fault = f"no variable has the {self._what} of account {account_id!r}"
            raise TokenNotToBeHad(fault, field=self._field, hint=f"name it in {self._what}s_env")
        found = os.environ.get(name)
        if not found:
            fault = f"{name}, for the {self._what} of account {account_id!r}, is not set"
            raise TokenNotToBeHad(fault, field=self._field)
        return found
