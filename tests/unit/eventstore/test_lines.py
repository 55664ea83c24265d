"""Lines out of blocks, however they were cut into those."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobledger.eventstore.lines import DayLine, cut, lines_of
from jobledger.eventstore.port import Block
from jobledger.eventstore.record import MAX_LINE_BYTES

pieces = st.lists(st.sampled_from([b"a", b"\n", b"b\nc", "\u2028\r\x85".encode()]), max_size=12)


@given(st.lists(st.tuples(st.sampled_from(["2026-03-02", "2026-03-03"]), pieces), max_size=3))
def test_the_lines_of_a_day_are_those_of_its_bytes(days: list[tuple[str, list[bytes]]]) -> None:
    """Wherever its blocks end; U+2028 and its like end no line."""
    blocks = [Block(day, data) for day, blocks in days for data in [b"", *blocks]]
    found = list(lines_of(blocks))
    together: list[tuple[str, bytes]] = []
    for day, data in blocks:
        if not together or together[-1][0] != day:
            together.append((day, b""))
        together[-1] = (day, together[-1][1] + data)
    expected = []
    for day, data in together:
        *whole, rest = data.split(b"\n")
        expected += [DayLine(day, line, True) for line in whole]
        expected += [DayLine(day, rest, False)] if rest or not whole else []
    assert found == expected


def test_a_newline_alone_ends_a_line() -> None:
    text = "một\u2028hai\x0b\x1c\x85\r".encode()
    assert cut(text + b"\n" + text) == ([text], text)
    assert cut(text + b"\n") == ([text], b"")
    assert cut(b"") == ([], b"")


def test_a_line_without_an_end_comes_in_pieces() -> None:
    """Each longer than a line may be, so that nobody keeps more than that of it."""
    day, half = "2026-03-02", b"x" * (MAX_LINE_BYTES // 2 + 1)
    found = list(lines_of([Block(day, half)] * 5 + [Block(day, b"\nnext\n")]))
    assert [(len(line.data), line.is_whole, line.is_too_long) for line in found] == [
        (2 * len(half), False, True),
        (2 * len(half), False, True),
        (len(half), True, False),
        (4, True, False),
    ]
    (longest,) = lines_of([Block(day, b"x" * MAX_LINE_BYTES)])
    assert (longest.is_whole, longest.is_too_long) == (False, False)
