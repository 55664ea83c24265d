"""The documentation is a site that is whole, and asks nothing of another host."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from api_lock.source import Source
from support.anchors import ROOT
from support.required import missing

import jobledger
import jobledger.instrumentation
import jobledger.publishers
import jobledger.testing

CHECK: dict[str, Any] = runpy.run_path(str(ROOT / "docs/check_site.py"))
DRAWING: dict[str, Any] = runpy.run_path(str(ROOT / "docs/drawing.py"))


def problems(site: Path) -> list[str]:
    return [*CHECK["problems"](site.resolve())]


def test_the_site_is_built_without_a_warning_and_is_whole(tmp_path: Path) -> None:
    """Warnings are errors; every link and anchor leads somewhere; it can be searched offline."""
    if any(find_spec(name) is None for name in ("sphinx", "furo", "myst_parser")):
        missing("docs", "the extra `docs` is not installed")
    site = tmp_path / "site"
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", str(tmp_path / "trees"),
         "-c", "docs", ".", str(site)],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert problems(site) == []
    assert (site / "searchindex.js").exists()
    for page in ROOT.glob("docs/**/*.md"):
        assert (site / page.relative_to(ROOT)).with_suffix(".html").exists(), page
    for page, sources in diagrams().items():
        text = (site / page).with_suffix(".html").read_text("utf-8")
        assert re.findall(r"<(svg|summary)\b.*?>", text).count("summary") == len(sources), page
        for source in sources:
            assert DRAWING["pictures"]()[source] in text, page


def diagrams() -> dict[Path, list[str]]:
    """Return the diagrams of each document that has some."""
    found = {
        path.relative_to(ROOT): DRAWING["BLOCK"].findall(path.read_text("utf-8"))
        for path in DRAWING["documents"]()
    }
    return {path: sources for path, sources in found.items() if sources}


def test_each_diagram_has_its_picture_and_no_picture_is_left_over() -> None:
    """`make diagram` draws what is new."""
    sources = {source for found in diagrams().values() for source in found}
    assert len(sources) >= 3
    assert DRAWING["pictures"]().keys() == sources, "run `make diagram`"


def test_a_picture_needs_no_script_and_has_the_colour_of_the_text() -> None:
    for source, svg in DRAWING["pictures"]().items():
        assert not re.search(r"<script|<style|<image|\bon\w+=|href=|url\(|\bid=", svg)
        assert set(re.findall(r'(?:stroke|fill)="(.*?)"', svg)) == {"currentColor", "none"}
        for state in re.findall(r"--> (\w+)", source):
            assert f">{state}</text>" in svg


def test_a_diagram_is_drawn_whole_or_refused() -> None:
    """Its text says what it is to whoever hears it read."""
    with pytest.raises(ValueError, match="neither a step nor a note"):
        DRAWING["as_dot"]("stateDiagram-v2\n    A --> B\n    state C {\n")
    with pytest.raises(ValueError, match="no state diagram"):
        DRAWING["as_dot"]("flowchart\n    A --> B\n")
    source = 'stateDiagram-v2\n    [*] --> A: a "word" <b>\n    A --> [*]\n    note left of A: n\n'
    if shutil.which("dot") is None:
        missing("graphviz", "there is no dot: Debian has it in the package graphviz")
    svg = DRAWING["drawn"](source)
    assert DRAWING["described"](svg) == source
    assert "&lt;b&gt;" in svg
    assert re.search(r">\s*n</text>", svg)
    assert set(re.findall(r'(?:stroke|fill)="(.*?)"', svg)) == {"currentColor", "none"}


@pytest.mark.parametrize(
    ("planted", "what"),
    [
        ('<a href="nowhere.html">x</a>', "there is no such file"),
        ('<a href="other.html#nowhere">x</a>', "there is no such place in it"),
        ('<a href="#nowhere">x</a>', "there is no such place in it"),
        ('<img src="https://example.org/badge.svg">', "asks another host"),
        ('<script src="//example.org/x.js"></script>', "asks another host"),
        ('<link rel="stylesheet" href="https://example.org/x.css">', "asks another host"),
        ("<style>body { background: url(https://example.org/x.png) }</style>", "asks another host"),
        ('<img srcset="other.html 1x, https://example.org/x 2x">', "asks another host"),
    ],
)
def test_a_link_that_is_broken_or_leaves_is_found(planted: str, what: str, tmp_path: Path) -> None:
    sound = '<a href="other.html#here">x</a> <a href="https://example.org/">a link may leave</a>'
    (tmp_path / "other.html").write_text('<p id="here">', "utf-8")
    (tmp_path / "index.html").write_text(sound, "utf-8")
    assert problems(tmp_path) == []
    (tmp_path / "index.html").write_text(sound + planted, "utf-8")
    [found] = problems(tmp_path)
    assert what in found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.js", 'fetch("https://example.org/x")'),
        ("x.js", "script.src = '//example.org/x.js'"),
        ("x.css", '@import "https://example.org/x.css";'),
        ("x.css", "@font-face { src: url('https://example.org/x.woff2') }"),
    ],
)
def test_a_script_or_style_that_asks_another_host_is_found(
    name: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(f"/* https://example.org/licence */\n{text}", "utf-8")
    [found] = problems(tmp_path)
    assert "asks another host" in found


@pytest.mark.parametrize(
    ("page", "module"),
    [
        ("api", jobledger),
        ("publishers", jobledger.publishers),
        ("publishers", jobledger.testing),
        ("publishers", jobledger.instrumentation),
    ],
)
def test_the_reference_has_every_public_name(page: str, module: Any) -> None:
    text = (ROOT / f"docs/reference/{page}.md").read_text("utf-8")
    _, _, after = text.partition(f".. currentmodule:: {module.__name__}\n")
    named = set(re.findall(r"^\.\. auto\w+:: (\w+)", after, re.MULTILINE))
    elsewhere = {"ManualClock"} if module is jobledger.testing else set()
    public = Source(ROOT).exported(module.__name__)
    assert set(public) - named == elsewhere, f"enter it in docs/reference/{page}.md"
