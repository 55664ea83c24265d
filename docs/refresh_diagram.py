"""Write the lifecycle diagrams, from their declarations, into the documents that show them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from jobledger.domain.job import lifecycle as of_jobs
from jobledger.domain.schedule import lifecycle as of_schedules

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = {
    "README.md": of_jobs.diagram,
    "docs/lifecycle.md": of_jobs.diagram,
    "docs/schedules.md": of_schedules.diagram,
}
_MARKED = re.compile(r"(<!-- lifecycle: begin -->\n).*?(<!-- lifecycle: end -->)", re.DOTALL)


def with_diagram(text: str, diagram: Callable[[], str] = of_jobs.diagram) -> str:
    """Return a document's text with the diagram of today between its markers."""
    block = f"```mermaid\n{diagram()}```\n"
    fresh, count = _MARKED.subn(lambda match: match[1] + block + match[2], text)
    if count != 1:
        raise ValueError("the document needs the lifecycle markers exactly once")
    return fresh


def main() -> None:
    for name, diagram in DOCUMENTS.items():
        path = ROOT / name
        path.write_text(with_diagram(path.read_text("utf-8"), diagram), "utf-8")


if __name__ == "__main__":
    main()
