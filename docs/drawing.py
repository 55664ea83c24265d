"""Draw the state diagrams of the documents, so that the site shows them without a script.

`make diagram` has Graphviz's `dot` lay them out and keeps them in `docs/diagrams`, each with the
text that it is drawn of in its `<desc>`: the site is built of these, without Graphviz, and a
picture whose text is no longer a document's is noticed.
"""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs/diagrams"
BLOCK = re.compile(r"^```mermaid\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_EDGE = re.compile(r"(\S+) --> (\S+?)(?:: (.*))?")
_NOTE = re.compile(r"note (?:left|right) of (\w+): (.*)")
_DESCRIBED = re.compile(r"<desc>(.*?)</desc>", re.DOTALL)
_LOOK = """\
bgcolor=transparent; nodesep=0.35; ranksep=0.45;
node [shape=box, style=rounded, fontname="sans-serif", fontsize=15, height=0.35];
edge [fontname="sans-serif", fontsize=13, arrowsize=0.7];
"""
_POINT = 'style=filled, fillcolor=black, label="", height=0.1'
_LABEL = 20
"""So many characters of a label are a line."""


def as_dot(source: str) -> str:
    """Return a state diagram of mermaid in the language of Graphviz.

    Raises:
        ValueError: a line of it is of no kind that is known here.
    """
    head, *lines = source.strip().splitlines()
    if head != "stateDiagram-v2":
        raise ValueError(f"{head!r} is no state diagram")
    said = []
    for number, line in enumerate(map(str.strip, lines)):
        if edge := _EDGE.fullmatch(line):
            begin, end = edge[1].replace("[*]", "_begin"), edge[2].replace("[*]", "_end")
            said.append(f"{begin} -> {end} [label={_quoted(edge[3] or '')}];")
        elif note := _NOTE.fullmatch(line):
            said.append(f"_note{number} [label={_quoted(note[2])}, shape=note, style=dashed];")
            said.append(f"_note{number} -> {note[1]} [style=dotted, arrowhead=none];")
        else:
            raise ValueError(f"{line!r} is neither a step nor a note")
    said.append(f"_begin [shape=circle, {_POINT}, width=0.15];")
    if any("-> _end" in line for line in said):
        said.append(f"_end [shape=doublecircle, {_POINT}, width=0.1];")
    return "digraph {\n" + _LOOK + "\n".join(said) + "\n}\n"


def _quoted(text: str) -> str:
    lines = [f" {line}" for line in textwrap.wrap(text, _LABEL)]  # apart from the arrow
    return '"' + "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in lines) + '"'


def drawn(source: str) -> str:
    """Return a diagram as SVG, in the colour of the text around it.

    Raises:
        FileNotFoundError: there is no `dot`.
    """
    if shutil.which("dot") is None:
        raise FileNotFoundError("there is no `dot`: Debian has it in the package graphviz")
    made = subprocess.run(
        ["dot", "-Tsvg"], input=as_dot(source), capture_output=True, encoding="utf-8", check=True
    ).stdout
    svg = made[made.index("<svg") :]
    svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<title>.*?</title>\n?| (?:id|class)="[^"]*"| xmlns:xlink="[^"]*"', "", svg)
    svg = svg.replace('"black"', '"currentColor"').replace('"transparent"', '"none"')
    begin = '<svg role="img" fill="currentColor" style="max-width: 100%; height: auto"'
    head, _, rest = svg.partition(">")
    return f"{begin}{head.removeprefix('<svg')}>\n<desc>{html.escape(source)}</desc>{rest}"


def described(svg: str) -> str:
    """Return the text that a picture is drawn of."""
    found = _DESCRIBED.search(svg)
    return "" if found is None else html.unescape(found[1])


def pictures() -> dict[str, str]:
    """Return the pictures that are kept, by the texts that they are drawn of."""
    found = [path.read_text("utf-8") for path in sorted(PICTURES.glob("*.svg"))]
    return {described(svg): svg for svg in found}


def documents() -> list[Path]:
    """Return the documents that may have diagrams."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def main() -> None:
    """Draw what documents have and is not drawn yet; remove the pictures of what they had."""
    kept, wanted = pictures(), dict[str, str]()
    for path in reversed(documents()):
        for number, source in enumerate(BLOCK.findall(path.read_text("utf-8"))):
            name = path.stem + (f"-{number + 1}" if number else "")
            wanted.setdefault(source, f"{name}.svg")
    fresh = {name: kept.get(source) or drawn(source) for source, name in wanted.items()}
    PICTURES.mkdir(exist_ok=True)
    for path in PICTURES.glob("*.svg"):
        if path.name not in fresh:
            path.unlink()
    for name, svg in fresh.items():
        (PICTURES / name).write_text(svg, "utf-8")


if __name__ == "__main__":
    main()
