"""What the function `append` of the tables is given: the lines of a write, and their columns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import NamedTuple

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


_FEW = 8
_columns = msgspec.json.Decoder(_Columns)


class AppendCall(NamedTuple):
    """A statement, with `{schema}` where that belongs, and its values."""

    statement: str
    values: dict[str, object]


def call_of(
    ledger: int, runner: str | None, write: Write, after: Cursor, then: Cursor
) -> AppendCall:
    """Return the call of `append` for a write behind `after`, up to `then`."""
    lines = cut(write.lines)[0]
    begin = then.offset - len(write.lines)
    columns = [_columns_of(line) for line in lines]
    arrays: dict[str, Sequence[object]] = {
        "line": lines,
        "end": list(accumulate((len(line) + 1 for line in lines), initial=begin))[1:],
        "job": [job for job, _ in columns],
        "account": [account for _, account in columns],
    }
    values: dict[str, object] = {
        "ledger": ledger,
        "after": after.seq,
        "hash": after.hash.encode(),
        "day": write.day,
        "header": write.header[:-1] or None,
        "runner": runner,
    }
    if not 0 < len(lines) <= _FEW:
        return AppendCall(_statement(0), values | arrays)
    for name, array in arrays.items():
        values.update({f"{name}{place}": value for place, value in enumerate(array)})
    return AppendCall(_statement(len(lines)), values)


@cache
def _statement(count: int) -> str:
    """Return the statement for so many lines; 0: for any number. A few are values of their own,
    since the server makes an array of them much faster than the client does."""

    def array(name: str, form: str, kind: str) -> str:
        if not count:
            return f"%({name}){form}::{kind}[]"
        return f"ARRAY[{', '.join(f'%({name}{n}){form}::{kind}' for n in range(count))}]"

    return (
        "SELECT {schema}.append(%(ledger)s, %(after)s, %(hash)b, %(day)s, %(header)b,"
        f" {array('line', 'b', 'bytea')}, {array('end', 's', 'bigint')},"
        f" {array('job', 's', 'text')}, {array('account', 's', 'text')}, %(runner)s)"
    )


def _columns_of(line: bytes) -> tuple[str, str | None]:
    found = _columns.decode(line)
    account = found.data.account_id
    # Text has no NUL there; what is asked for by this column is not the truth of the log.
    is_text = isinstance(account, str) and "\0" not in account
    return found.job, str(account) if is_text else None
