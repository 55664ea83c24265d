"""What a person could do next about an error: a value, which the edge of the program words.

A program chooses by the value. `WORDS` say it to whoever has the library at hand; the command line
says it by its commands (`tools/remedies.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Remedy = Literal[
    "verify", "check_seals", "finish_repair", "repair_anew", "rebuild", "upgrade", "open_again",
    "look_for_it", "stop_runner", "use_local_disk", "import_elsewhere", "make_ledger",
    "make_backup", "give_password", "make_key", "make_tables", "leave_it", "unpack",
]  # fmt: skip

REMEDIES: tuple[Remedy, ...] = get_args(Remedy)

WORDS: Mapping[Remedy, str] = {
    "verify": "`verify` shows all that is wrong",
    "check_seals": "`verify` with the public keys says which seals hold",
    "finish_repair": "finish the repair, which accepts the loss",
    "repair_anew": "a repair that accepts the loss puts it aside and looks at the log anew",
    "rebuild": "to give up what the log has lost, rebuild with accept_loss=True",
    "upgrade": "a newer release of jobledger wrote it: upgrade to read this ledger",
    "open_again": "close this ledger and open it again",
    "look_for_it": "look for it: this handle, or one opened anew, shows what is there",
    "stop_runner": "stop it first, or use a Ledger, of which there may be many",
    "use_local_disk": "use a local disk; or say allow_network=True if every process that opens the"
    " ledger runs on this machine",
    "import_elsewhere": "give the new ledger a directory of its own, and import them into it",
    "make_ledger": "a ledger is made by opening it for writing",
    "make_backup": "`backup` makes copies of a running ledger",
    "give_password": "give its password",
    "make_key": "`SigningKey.generate` makes one",
    "make_tables": "an administrator of the database makes them first",
    "leave_it": "lenient=True leaves it to the platform",
    "unpack": "unpack the day's file",
}


def joined(advice: str | None, words: str | None) -> str | None:
    """Return what is said of the case at hand, and then what to do; None where there is neither."""
    return "; ".join(filter(None, (advice, words))) or None
