"""What the function `append` of the tables is given: the lines of a write, and their columns."""

from __future__ import annotations

from itertools import accumulate

import msgspec

from ...cursor import Cursor
from ...lines import cut
from ...port import Write


class _Data(msgspec.Struct):
    account_id: object = None


class _Columns(msgspec.Struct):
    """What of a line has a column of its own, to be asked for in SQL."""

    job: str
    data: _Data


_columns = msgspec.json.Decoder(_Columns)


def values_of(
    ledger: int, runner: str | None, write: Write, after: Cursor, then: Cursor
) -> dict[str, object]:
    """Return the values of a write behind `after`, up to `then`, by the names of parameters."""
    lines = cut(write.lines)[0]
    begin = then.offset - len(write.lines)
    columns = [_columns_of(line) for line in lines]
    return {
        "ledger": ledger,
        "after": after.seq,
        "hash": after.hash.encode(),
        "day": write.day,
        "header": write.header[:-1] or None,
        "lines": lines,
        "ends": list(accumulate((len(line) + 1 for line in lines), initial=begin))[1:],
        "jobs": [job for job, _ in columns],
        "accounts": [account for _, account in columns],
        "runner": runner,
    }


def _columns_of(line: bytes) -> tuple[str, str | None]:
    found = _columns.decode(line)
    account = found.data.account_id
    # Text has no NUL there; what is asked for by this column is not the truth of the log.
    is_text = isinstance(account, str) and "\0" not in account
    return found.job, str(account) if is_text else None
