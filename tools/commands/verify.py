"""The `verify` command: is the ledger sound, and is its past what it was?"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import click
import msgspec

from ...domain import ValidationError
from ...instrumentation import Progress
from ...integrity import ExportedHead, TrustedKeys, VerifyReport, verify_directory
from ...ledger import merged_verify
from ..files import FILE, check_free, naming, read_in, write_out
from ..grammar import command
from ..output import console, print_error, print_json, printable
from ..progress import progress_bar
from ..remedies import told
from ..session import Session, json_option, pass_session

_MOST_BYTES = 64 * 1024


@command("verify")
@click.option(
    "--export-head",
    metavar="FILE",
    type=FILE,
    help="If all is well, write the log's position for somebody else to keep (`-`: print it).",
)
@click.option("--force", is_flag=True, help="With --export-head, write over an existing file.")
@click.option(
    "--since-head",
    "since_heads",
    multiple=True,
    metavar="FILE",
    type=FILE,
    help="Check that the log still has what it had when this head was exported.",
)
@click.option(
    "--public-key",
    "public_keys",
    multiple=True,
    metavar="FILE",
    type=FILE,
    help="Check that every seal is signed with this key (or one of several) and holds.",
)
@json_option
@pass_session
def verify_(
    session: Session,
    export_head: str | None,
    force: bool,
    since_heads: tuple[str, ...],
    public_keys: tuple[str, ...],
) -> None:
    """Check every record of every file: hashes, sequence, versions, transitions, daily files.

    Takes no lock and changes nothing; also works on a copy. Exits with 1 when something is wrong.
    That the past was not rewritten as a whole is proven by what was kept elsewhere: a head that was
    exported earlier, or the public key of the day seals (see docs/proofs.md).

    \b
    Example:
      jobledger verify
      jobledger --ledger backup verify --json
      jobledger verify --export-head head-2026-03-01.json
      jobledger verify --since-head head-2026-03-01.json
      jobledger verify --public-key seals.pub
    """
    session.must_exist()
    heads = []
    for name in since_heads:
        with naming(name):
            heads.append(_head(name))
    keys = [_public_key(name) for name in public_keys]
    if heads or keys or export_head is not None:
        _check_one_chain(session.location)
    if export_head not in (None, "-"):
        check_free(Path(str(export_head)), force=force)
    with progress_bar("verifying", unit="bytes") as progress:
        report = _verify(session.location, progress, heads, keys)
    if not report.ok:
        session.exit_code = 1
    if export_head == "-" and report.ok:
        for text in report.proven:
            print_error(text)
    elif session.json:
        print_json(report.to_dict())
    else:
        print_report(report)
    for note in report.notes:
        print_error(f"note: {note}")
    if export_head is not None:
        _export(report, export_head, force)


def _check_one_chain(location: Path | str) -> None:
    from ...eventstore.engines import shards_in

    if shards_in(location) is not None:
        raise ValidationError(
            "a head, or a key, is of one shard, and this ledger has several",
            field="ledger",
            hint="name one of them by shard=1 (or 2 …) in place of shards=",
        )


def _verify(
    location: Path | str, progress: Progress, heads: list[ExportedHead], keys: list[bytes]
) -> VerifyReport:
    if isinstance(location, Path):  # also what is left of a ledger, which no engine opens
        return verify_directory(location, progress=progress, since_heads=heads, public_keys=keys)
    from ...eventstore import Shard
    from ...eventstore.engines import EngineOptions, open_engine, shards_in
    from ...integrity import verify_engine

    def one(shard: Shard | None) -> VerifyReport:
        options = EngineOptions(read_only=True, shard=shard)
        with closing(open_engine(location, options)) as engine:
            return verify_engine(engine, progress=progress, since_heads=heads, public_keys=keys)

    shards = shards_in(location)
    if shards is None:
        return one(None)
    return merged_verify([one(Shard(number, shards)) for number in range(1, shards + 1)])


def _head(name: str) -> ExportedHead:
    data = read_in(name, most_bytes=_MOST_BYTES)
    try:
        return ExportedHead.from_dict(msgspec.json.decode(data))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValidationError(f"not an exported head: {error}", field="head") from None


def _public_key(name: str) -> bytes:
    data = read_in(name, most_bytes=_MOST_BYTES)
    with naming(name):
        TrustedKeys([data])
    return data


def _export(report: VerifyReport, target: str, force: bool) -> None:
    head = report.exported_head
    if head is None:
        print_error("no head was exported: something is wrong with the log")
        return
    data = msgspec.json.format(msgspec.json.encode(head.to_dict()), indent=2) + b"\n"
    write_out(target, data, force=force)
    if target != "-":
        print_error(f"note: the head at record {head.seq} is in {target}; keep it elsewhere")


def _heads(report: VerifyReport) -> list[tuple[str, dict[str, Any]]]:
    """Return the head, or that of each shard, with what people call it."""
    shards = report.head.get("shards")
    if shards is None:
        return [("head", report.head)]
    return [(f"head of shard {number}", head) for number, head in shards.items()]


def print_report(report: VerifyReport) -> None:
    """Print the verdict, what is proven, and what is wrong, each with its file, line and byte."""
    from rich.text import Text

    out = console()
    files = f"{report.files} file{'' if report.files == 1 else 's'}"
    if report.ok:
        out.print(Text.assemble(("ok", "bold green"), f": {report.events} events in {files}"))
        for name, head in _heads(report):
            out.print(Text(f"{name}: {head['seq']} {head['hash'] or '–'}", "dim"))
    else:
        count = len(report.problems)
        out.print(
            Text.assemble(
                (f"{count} problem{'' if count == 1 else 's'}", "bold red"),
                f" in {report.events} sound events of {files}",
            )
        )
    for problem in report.problems:
        where = printable(problem.path)
        if problem.line is not None:
            where += f", line {problem.line}"
        if problem.offset is not None:
            where += f", byte {problem.offset}"
        text = Text.assemble((problem.kind, "red"), f"  {where}: {printable(told(problem))}")
        out.print(text, soft_wrap=True)
    for proven in report.proven:
        out.print(Text.assemble(("proven", "green"), f": {printable(proven)}"), soft_wrap=True)
