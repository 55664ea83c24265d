"""Write the lifecycle diagram, from its one declaration, into the documents that show it."""

from __future__ import annotations

import re
from pathlib import Path

from jobledger.domain.job.lifecycle import diagram

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "docs/lifecycle.md")
_MARKED = re.compile(r"(<!-- lifecycle: begin -->\n).*?(<!-- lifecycle: end -->)", re.DOTALL)


def with_diagram(text: str) -> str:
    """Return a document's text with the diagram of today between its markers."""
    block = f"```mermaid\n{diagram()}```\n"
    fresh, count = _MARKED.subn(lambda match: match[1] + block + match[2], text)
    if count != 1:
        raise ValueError("the document needs the lifecycle markers exactly once")
    return fresh


def main() -> None:
    for name in DOCUMENTS:
        path = ROOT / name
        path.write_text(with_diagram(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
