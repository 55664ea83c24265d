"""What a word that is no command was probably meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

ALIASES = {
    "add": "create enqueue insert make new plan post put submit init",
    "schedule": "cron every recur recurring repeat schedules",
    "slots": "slot times week weekly",
    "queue": "agenda line order reorder shuffle upcoming",
    "list": "all dir index jobs ll ls",
    "show": "cat describe display get info inspect job view",
    "hold": "disable draft pause suspend",
    "release": "approve continue enable resume unhold unpause",
    "edit": "alter change modify rewrite set update",
    "reschedule": "at defer delay move postpone shift",
    "cancel": "abort kill skip stop",
    "requeue": "again redo rerun restart retry try",
    "resolve": "settle confirm mark",
    "remove": "clear del delete discard drop erase purge rm",
    "import": "load read restore",
    "export": "csv dump save write",
    "run": "consume daemon execute publish runner send start watch work worker",
    "status": "health overview ping ps state summary top",
    "check": "alert healthcheck monitoring nagios ok probe",
    "audit": "events follow journal log logs tail trail",
    "history": "life timeline trace",
    "traces": "opentelemetry otel otlp span spans",
    "why": "because debug explain reason",
    "replay": "as-of past rewind undo",
    "diff": "changes compare delta",
    "stats": "count counts figures numbers statistics",
    "metrics": "exporter monitor openmetrics prom prometheus scrape",
    "report": "html page",
    "serve": "api dashboard gui server ui web",
    "config": "conf configuration configure option options preferences setting settings toml",
    "user": "account login passwd password users",
    "verify": "doctor fsck lint test validate",
    "seal": "key keys sign",
    "archive": "compress gzip pack retention shrink zip zstd",
    "backup": "bak clone snapshot",
    "rebuild": "refresh regenerate reindex",
    "repair": "fix mend recover",
    "simulate": "fuzz sim",
    "demo": "example tour tutorial",
    "runners": "leases processes who workers",
    "copy": "cp migrate",
    "mirror": "follow-copy replicate replica sync",
    "platforms": "allowed characters length networks platform",
    "postgres": "database pg postgresql sql",
    "systemd": "install service systemctl unit units",
    "completion": "autocomplete complete completions",
    "--help": "commands help man manual usage",
    "--version": "version",
}
"""Words that people type for a command, or for an option that is like one."""


def suggestion(word: str, commands: Sequence[str], program: str = "jobledger") -> str:
    """End the message about a word that is no command: with what could be meant, if anything."""
    meant = _meant(word.lower().strip(), commands)
    return f": did you mean `{program} {meant}`?" if meant else ""


def _meant(word: str, commands: Sequence[str]) -> str | None:
    words = {alias: name for name, aliases in ALIASES.items() for alias in aliases.split()}
    known = {name: name for name in commands}
    known |= {alias: name for alias, name in words.items() if name.startswith("-") or name in known}
    if word in known:
        return known[word]
    nearest = difflib.get_close_matches(word, known, n=1, cutoff=0.7)
    return known[nearest[0]] if nearest else None
