"""How much is read of a file: whatever it says of itself, no more than was said."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook

from jobledger import ValidationError
from jobledger.interchange.plan import ImportPlan, Target, make_plan
from jobledger.interchange.reading.workbook import read_workbook
from jobledger.interchange.sources import source_of
from jobledger.interchange.wishes import Bounds, Wishes

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SMALL = Bounds(rows=20, cells=2000, columns=50, unpacked=100_000, whole=50_000)
HEAD = "account_id,content,scheduled_time"
WIDE = "".join(f",x{n}" for n in range(47))
ROW = "shop,Hello {},2026-03-03 09:00"
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</worksheet>'
)


def plan_of(name: str, data: bytes | str, most: Bounds = SMALL) -> ImportPlan:
    data = data.encode() if isinstance(data, str) else data
    return make_plan(
        [source_of(name, data)], Target(ZoneInfo("UTC")), NOON, wishes=Wishes(most=most)
    )


def fault_of(name: str, data: bytes | str) -> str:
    """Return the only thing that is wrong with a file; nothing of it is planned."""
    plan = plan_of(name, data)
    assert plan.planned == []
    (problem,) = plan.problems
    return problem.message


def book(**parts: str) -> bytes:
    """Make a workbook with a post, in which other parts stand for some of its own."""
    whole, changed = io.BytesIO(), io.BytesIO()
    made = Workbook()
    assert made.active is not None
    made.active.append(HEAD.split(","))
    made.active.append(ROW.format(1).split(","))
    made.save(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.namelist():
            name = each.rpartition("/")[2].removesuffix(".xml")
            new.writestr(each, parts.pop(name, "") or old.read(each))
        for name, text in parts.items():
            new.writestr(f"xl/{name}.xml", text)
    return changed.getvalue()


def test_a_file_within_its_bounds_is_read() -> None:
    rows = "\n".join([HEAD, *(ROW.format(n) for n in range(20))])
    assert len(plan_of("posts.csv", rows).planned) == 20
    assert len(plan_of("posts.xlsx", book()).planned) == 1
    assert len(plan_of("posts.csv", f"{HEAD}{WIDE}\n{ROW}").planned) == 1


def test_more_rows_are_refused_as_a_whole() -> None:
    rows = "\n".join([HEAD, *(ROW.format(n) for n in range(21))])
    with pytest.raises(ValidationError, match="more than 20 rows"):
        plan_of("posts.csv", rows)
    with pytest.raises(ValidationError, match="more than 20 rows"):
        plan_of("posts.jsonl", '{"a": 1}\n' * 21)


@pytest.mark.parametrize("rest", [f"{WIDE},y", "\n" * 2000], ids=["columns", "lines"])
def test_more_cells_are_refused(rest: str) -> None:
    assert "more cells than a list of posts has" in fault_of("posts.csv", f"{HEAD}{rest}\n{ROW}")


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"/><row r="3000000"><c r="A1"/></row>',
        "".join(f'<row r="{n}"><c r="ZZZ{n}"/></row>' for n in range(1, 100)),
        "".join(f'<row r="{n}"><c r="AX{n}"/></row>' for n in range(1, 100)),
    ],
    ids=["rows left out", "wide", "many"],
)
def test_a_sheet_that_is_said_to_be_endless_is_not_waited_for(rows: str) -> None:
    data = book(sheet1=SHEET.format(f"<sheetData>{rows}</sheetData>"))
    assert "has too many cells" in fault_of("posts.xlsx", data)


def test_what_a_sheet_says_of_its_size_is_not_believed() -> None:
    """Spreadsheets that were formatted as a whole say that they have all rows that there can be."""
    cells = "".join(
        f'<c r="{column}{row}" t="inlineStr"><is><t>{text}</t></is></c>' if column else text
        for row, texts in enumerate((HEAD.split(","), ROW.format(1).split(",")), 1)
        for column, text in (
            ("", f'<row r="{row}">'), *zip("ABC", texts, strict=True), ("", "</row>"),
        )
    )  # fmt: skip
    data = SHEET.format(f'<dimension ref="A1:XFD1048576"/><sheetData>{cells}</sheetData>')
    assert len(plan_of("posts.xlsx", book(sheet1=data)).planned) == 1


@pytest.mark.parametrize("part", ["sheet1", "styles", "sharedStrings"])
def test_a_bomb_is_not_unpacked(part: str) -> None:
    """Which is a thousand times as large as it was sent."""
    data = book(**{part: SHEET.format(" " * 10_000_000)})
    assert len(data) < 20_000
    assert "more in it than is read of a file: 10 MB" in fault_of("posts.xlsx", data)


def test_many_sheets_that_are_one_part_are_not_read_over_and_over() -> None:
    """The part may be what takes longest to look through: tags without a cell."""
    data = book(
        sheet1=SHEET.format("<x/>" * 5000),
        workbook='<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
        + "".join(f'<sheet name="s{n}" sheetId="{n + 1}" r:id="rId1"/>' for n in range(1000))
        + "</sheets></workbook>",
    )
    most = Bounds(unpacked=200_000, whole=200_000)
    with pytest.raises(ValidationError, match="the same in it too many times"):
        list(read_workbook(data, "posts.xlsx", Wishes(most=most)))


@pytest.mark.parametrize(
    "damage",
    [
        {"sheet1": "<worksheet><sheetData><row"},
        {"sheet1": SHEET.format('<sheetData><row r="x"><c r="A1"/></row></sheetData>')},
        {"sheet1": SHEET.format('<sheetData><row r="1"><c r="ZZZZ1"/></row></sheetData>')},
        {"sheet1": SHEET.format('<sheetData><row><c t="s"><v>99</v></c></row></sheetData>')},
        {"workbook": "<workbook/>"},
        {"workbook": "no xml"},
    ],
)  # fmt: skip
def test_a_broken_workbook_is_named_whatever_breaks(damage: dict[str, str]) -> None:
    assert fault_of("posts.xlsx", book(**damage)).startswith("posts.xlsx ")


def with_entities(entities: str) -> bytes:
    """Make a workbook whose texts are all `&a;`, of these entities."""
    plain = zipfile.ZipFile(io.BytesIO(book())).read("[Content_Types].xml").decode()
    of_texts = (
        '<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-'
        'officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
    )
    cells = "".join(f'<c r="{column}{{0}}" t="s"><v>0</v></c>' for column in "ABC")
    rows = "".join(f'<row r="{n}">{cells.format(n)}</row>' for n in (1, 2))
    texts = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    return book(
        sheet1=SHEET.format(f"<sheetData>{rows}</sheetData>"),
        sharedStrings=f"<!DOCTYPE x [{entities}]>{texts}<si><t>&a;</t></si></sst>",
        **{"[Content_Types]": plain.replace("</Types>", of_texts)},
    )


def test_entities_of_a_workbook_lead_nowhere_and_do_not_grow() -> None:
    """Neither to a file of this machine, nor to gigabytes."""
    assert "content" in fault_of("posts.xlsx", with_entities('<!ENTITY a "content">'))
    elsewhere = with_entities('<!ENTITY a SYSTEM "file:///etc/passwd">')
    assert "root" not in str(plan_of("posts.xlsx", elsewhere).problems)
    lots = '<!ENTITY z "' + "x" * 1000 + '">'
    for name, of in zip("yxwvuta", "zyxwvut", strict=True):
        lots += f'<!ENTITY {name} "{f"&{of};" * 20}">'
    assert "no workbook that can be read" in fault_of("posts.xlsx", with_entities(lots))


@pytest.mark.parametrize(
    ("name", "data", "form"),
    [
        ("posts.json", '{"content": "x"}\n{"content": "y"}\n', "jsonl"),
        ("posts.json", '{"jobs": [\n{"content": "x"}]}', "daily"),
        ("posts.json", '[\n{"content": "x"}\n]', "daily"),
        ("posts", "a,b\n1,2\n", "csv"),
        ("posts", "BEGIN:VCALENDAR\n", "calendar"),
        ("posts.txt", '[{"content": "x"}]', "daily"),
    ],
)
def test_a_file_that_was_handed_over_is_what_it_begins_as(name: str, data: str, form: str) -> None:
    source = source_of(name, data.encode())
    assert source.form == form
    assert source.read() == data.encode()


def test_what_is_no_list_of_posts_is_named() -> None:
    for data, said in ((b"%PDF-1.7", "is a PDF"), (b"hello", "what is in posts?")):
        with pytest.raises(ValidationError, match=said.replace("?", r"\?")):
            source_of("posts", data)
