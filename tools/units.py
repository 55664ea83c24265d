"""Units of systemd for a ledger: the runner, the dashboard, and timers that check and verify.

Made of what systemd 252 knows (Debian 12). They let a process do what a ledger needs: write its own
directory, speak to the network, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from ..domain import ValidationError

WATCHDOG_S = 60
_LINE = "\n"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_UNIT = re.compile(r"[A-Za-z0-9:_.-]+(?:@[A-Za-z0-9:_.%-]+)?(?:\.service|(?<=@)%n)")
_PLAIN = re.compile(r"[A-Za-z0-9_@+,=:./%$?&-]+")
_STATE = Path("/var/lib")
_HOMES = "/home/", "/root/", "/run/user/"
_TEMPORARY = "/tmp/", "/var/tmp/"
_ANYWHERE = "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n"
_THIS_MACHINE = _ANYWHERE + "IPAddressAllow=localhost\nIPAddressDeny=any\n"
_NOWHERE = "RestrictAddressFamilies=AF_UNIX\nIPAddressDeny=any\nPrivateNetwork=yes\n"

HARDENING = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
UMask=0077
ProtectSystem=strict
PrivateMounts=yes
PrivateDevices=yes
DevicePolicy=closed
PrivateUsers=yes
PrivateIPC=yes
ProtectProc=invisible
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
"""


class UnitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the units are made of. `location` is a directory (absolute) or a URL; `command` is how
    `jobledger` is called; `working_directory` is where the publisher's module lies; `on_failure` is
    a unit of somebody's own, which is started when one of these fails."""

    name: str
    location: Path | str
    command: Sequence[str]
    publisher: str
    working_directory: Path
    user: str
    credentials: Mapping[str, Path] = {}
    users_file: Path | None = None
    serves: bool = False
    checks: bool = False
    verifies: bool = False
    on_failure: str | None = None


def units(settings: UnitSettings) -> dict[str, str]:
    """Return the units that are asked for, by the names of their files.

    Raises:
        ValidationError: a name is none, or a password would stand in a unit.
    """
    if settings.on_failure is not None and not _UNIT.fullmatch(settings.on_failure):
        raise ValidationError(
            f"{settings.on_failure!r:.60} is no unit to be started",
            field="on_failure",
            hint="such as tell-me.service, or tell-me@%n.service of a template tell-me@.service",
        )
    if not _NAME.fullmatch(settings.name):
        raise ValidationError(
            f"{settings.name!r:.60} is no name for a unit",
            field="name",
            hint="letters, digits, - and _, 64 at most",
        )
    location = str(settings.location)
    if re.search(r"://[^/]*:[^/]*@|[?&]password=", location):
        raise ValidationError(
            "the location has a password, and everybody may read a unit",
            field="ledger",
            hint="leave it out, and give it to the service by PGPASSFILE or the like",
        )
    found = {f"{settings.name}.service": _runner(settings)}
    if settings.serves:
        found[f"{settings.name}-web.service"] = _dashboard(settings)
    if settings.checks:
        found[f"{settings.name}-check.service"] = _checker(settings)
        found[f"{settings.name}-check.timer"] = _timer(
            f"has {_told(settings)} checked every ten minutes", "OnCalendar=*:0/10\n"
        )
    if settings.verifies:
        found[f"{settings.name}-verify.service"] = _verifier(settings)
        found[f"{settings.name}-verify.timer"] = _timer(
            f"has the log of {_told(settings)} verified every day",
            "OnCalendar=daily\nRandomizedDelaySec=1h\nPersistent=yes\n",
        )
    return found


def to_enable(made: Mapping[str, str]) -> list[str]:
    """Return those of some units that are enabled: a timer has its service started."""
    return [name for name, text in made.items() if "\n[Install]\n" in text]


def _runner(settings: UnitSettings) -> str:
    options = ["--publisher", settings.publisher, "--log", "json"]
    tokens = settings.credentials.items()
    return _unit(
        settings,
        f"runs the jobs of {_told(settings)}",
        f"""\
Type=notify
NotifyAccess=main
ExecStart={_call(settings, "run", *options)}
WatchdogSec={WATCHDOG_S}
Restart=on-failure
RestartSec=5
TimeoutStopSec=60
KillMode=mixed
{"".join(f"LoadCredential={name}:{_path(path)}{_LINE}" for name, path in tokens)}""",
        _ANYWHERE,
        installed=True,
    )


def _dashboard(settings: UnitSettings) -> str:
    options = ["--users", f"{settings.users_file}"] if settings.users_file else []
    return _unit(
        settings,
        f"serves the dashboard of {_told(settings)}",
        f"""\
Type=exec
ExecStart={_call(settings, "serve", *options)}
Restart=on-failure
RestartSec=5
""",
        _THIS_MACHINE if isinstance(settings.location, Path) else _ANYWHERE,
        installed=True,
        reads=[settings.users_file] if settings.users_file else [],
    )


def _checker(settings: UnitSettings) -> str:
    """Write the service that fails where something does not hold, or no answer comes in time."""
    return _unit(
        settings,
        f"checks {_told(settings)}",
        f"""\
Type=oneshot
ExecStart={_call(settings, "check")}
TimeoutStartSec=5min
""",
        _NOWHERE if isinstance(settings.location, Path) else _ANYWHERE,
    )


def _verifier(settings: UnitSettings) -> str:
    return _unit(
        settings,
        f"verifies the log of {_told(settings)}",
        f"""\
Type=oneshot
ExecStart={_call(settings, "verify")}
Nice=10
IOSchedulingClass=idle
""",
        _NOWHERE if isinstance(settings.location, Path) else _ANYWHERE,
    )


def _timer(does: str, when: str) -> str:
    return f"""\
[Unit]
Description=jobledger: {does}
Documentation=man:jobledger(1)

[Timer]
{when}
[Install]
WantedBy=timers.target
"""


def _unit(
    settings: UnitSettings,
    does: str,
    service: str,
    network: str,
    *,
    installed: bool = False,
    reads: Sequence[Path] = (),
) -> str:
    install = "\n[Install]\nWantedBy=multi-user.target\n" if installed else ""
    told = "" if settings.on_failure is None else f"OnFailure={settings.on_failure}\n"
    return f"""\
[Unit]
Description=jobledger: {does}
Documentation=man:jobledger(1)
Wants=network-online.target
After=network-online.target
{told}
[Service]
{service}User={settings.user}
WorkingDirectory={_path(settings.working_directory)}
{_places(settings, reads)}{network}{HARDENING}{install}"""


def _places(settings: UnitSettings, reads: Sequence[Path]) -> str:
    """Say what may be written, and what of people's homes is seen at all."""
    if isinstance(settings.location, str):
        written, places = "", [settings.working_directory, *reads]
    else:
        places = [settings.location, settings.working_directory, *reads]
        within = settings.location.relative_to(_STATE) if _is_state(settings.location) else None
        written = (
            f"ReadWritePaths={_value(str(settings.location))}\n"
            if within is None
            else f"StateDirectory={_value(str(within))}\nStateDirectoryMode=0700\n"
        )
    seen = [f"{place}/" for place in [*places, settings.command[0]]]
    home = "read-only" if any(place.startswith(_HOMES) for place in seen) else "yes"
    temporary = "no" if any(place.startswith(_TEMPORARY) for place in seen) else "yes"
    return f"{written}ProtectHome={home}\nPrivateTmp={temporary}\n"


def _is_state(location: Path) -> bool:
    return location.is_relative_to(_STATE) and location != _STATE


def _told(settings: UnitSettings) -> str:
    """Return the location as a description has it, without what a unit would take for its own."""
    from ..instrumentation import without_credentials

    text = without_credentials(str(settings.location))
    return "".join(c for c in text if c.isprintable()).replace("%", "%%")


def _call(settings: UnitSettings, *arguments: str) -> str:
    words = [*settings.command, "--ledger", str(settings.location), *arguments]
    return " ".join(_word(word) for word in words)


def _word(word: str) -> str:
    """Quote a word of a command line as systemd reads it."""
    return _value(word.replace("$", "$$"))


def _path(path: Path) -> str:
    """Write a path that is all of a value: nothing in it is quoted."""
    return str(path).replace("%", "%%")


def _value(text: str) -> str:
    """Quote a value, or one of a list of them, as systemd reads it."""
    escaped = text.replace("%", "%%")
    if _PLAIN.fullmatch(escaped):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'
