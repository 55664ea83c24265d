"""What to do next, in commands: the only place where a remedy is worded for the command line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, assert_never

from ..domain import WORDS, JobLedgerError, Remedy, joined, printable

if TYPE_CHECKING:
    from ..explanation import Step
    from ..integrity import Problem
    from .checking import CheckKind

IN_COMMANDS: Mapping[Step, str] = {
    "release": "it is released (`jobledger release`)",
    "requeue": "it is requeued (`jobledger requeue`)",
    "resolve": "say `jobledger resolve --posted` or `--not-posted`; `jobledger requeue` posts it"
    " again",
    "start_runner": "start one with `jobledger run`",
}
"""The next step of a job, where `why` speaks of it."""


def to_hold(kind: CheckKind, subject: str | None) -> str:
    """Say in commands what to do about what `check` has found, of an account where it is of one."""
    account = "ACCOUNT" if subject is None else shlex.quote(printable(subject))
    match kind:
        case "damaged" | "verify":
            return "`jobledger verify` shows all that is wrong"
        case "late":
            return "`jobledger list --status scheduled` shows them, `jobledger why JOB` says why"
        case "runner":
            return "start one with `jobledger run`"
        case "unknown":
            return (
                "`jobledger list --outcome-unknown` shows them; say"
                " `jobledger resolve JOB --posted` or `--not-posted`"
            )
        case "failures":
            return "`jobledger stats --since '1 day ago'` shows their errors"
        case "token" | "token_ends":
            return (
                "give its publisher a new token; what failed for want of one comes back with"
                f" `jobledger requeue --account {account} --error token`"
            )
        case "disk":
            return "make room there: when it is full, no change can be written"
        case _:
            assert_never(kind)


def worded(error: JobLedgerError) -> str:
    """Say an error as `str` does, with what to do in commands."""
    if error.remedy is None:
        return str(error)
    hint = joined(error.advice, in_commands(error.remedy, error))
    return f"{error.message} ({hint})"


def told(problem: Problem) -> str:
    """Say what `verify` has found, and what to do about it in commands."""
    if problem.remedy is None:
        return problem.message
    return f"{problem.message}; {in_commands(problem.remedy, problem)}"


def in_commands(remedy: Remedy, about: object) -> str:
    """Say a remedy in commands, for what it is `about`: its path is named where it has one."""
    path = getattr(about, "path", None) or "DIR"
    match remedy:
        case "verify":
            return "`jobledger verify` shows all that is wrong"
        case "check_seals":
            return "`jobledger verify --public-key FILE` says which seals hold"
        case "finish_repair":
            return "finish it with `jobledger repair --accept-loss`"
        case "repair_anew":
            return "`jobledger repair --accept-loss` puts it aside and looks at the log anew"
        case "rebuild":
            return "`jobledger rebuild --accept-loss` gives up what the log has lost"
        case "open_again" | "look_for_it":
            return "`jobledger list` and `jobledger audit` show whether it is there"
        case "stop_runner":
            return "stop it first; every other command works beside it"
        case "use_local_disk":
            return (
                "use a local disk; or say --allow-network if every process that opens the ledger"
                " runs on this machine"
            )
        case "import_elsewhere":
            return (
                f"give the new ledger a directory of its own, `jobledger --dir NEW import {path}`"
            )
        case "make_ledger":
            return "`jobledger add` makes one"
        case "make_backup":
            return "`jobledger backup` makes such copies"
        case "give_password":
            return "give --password-env"
        case "make_key":
            return "make one with --new-key"
        case "make_tables":
            return "an administrator runs what `jobledger postgres init --print` writes"
        case "leave_it":
            return "--lenient leaves it to the platform"
        case "unpack":
            return "`jobledger archive --unpack` unpacks it"
        case "upgrade":
            return WORDS[remedy]  # by whatever it was installed with
        case _:
            assert_never(remedy)
