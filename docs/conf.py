"""Build the documentation as a site that asks nothing of any other host (`make docs`).

The source directory is the repository itself, so that a page links to a file as it does for
whoever reads it in a clone.
"""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from pygments.lexers.special import TextLexer
from sphinx.util import logging

from jobledger import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "jobledger"
release = version = __version__
author = project
root_doc = "docs/index"
include_patterns = ["docs/**", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
include_patterns += ["examples/README.md"]
exclude_patterns = [".*", "**/.*", "build", "dist", "tests", "benchmarks", "**/__pycache__"]
source_suffix = {".md": "markdown"}
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

myst_heading_anchors = 4
myst_links_external_new_tab = False

default_role = "code"  # as docstrings write it
autodoc_default_options = {"members": True}
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
python_maximum_signature_line_length = 88
add_module_names = False

html_theme = "furo"
html_title = f"jobledger {__version__}"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_permalinks_icon = "#"

START = """<!doctype html><meta charset="utf-8"><title>jobledger</title>
<meta http-equiv="refresh" content="0; url=docs/index.html"><a href="docs/index.html">jobledger</a>
"""


def lead_in(app: Sphinx, error: Exception | None) -> None:
    """Write the page that leads from the root to the first one; bring what pages name in HTML."""
    if error is None and app.builder.format == "html":
        Path(app.outdir, "index.html").write_text(START, "utf-8")
        pictures = Path(app.confdir, "pictures")
        shutil.copytree(pictures, Path(app.outdir, "docs/pictures"), dirs_exist_ok=True)


def show_pictures(app: Sphinx, page: nodes.document) -> None:
    """Show what is drawn of each diagram, with its text for whoever wants that: to draw it in the
    browser would need a script."""
    pictures = runpy.run_path(str(Path(app.confdir, "drawing.py")))["pictures"]()
    for block in list(page.findall(nodes.literal_block)):
        if block.get("language") != "mermaid":
            continue
        picture = pictures.get(block.astext().strip() + "\n")
        if picture is None:
            told = "there is no picture of this diagram: run `make diagram`"
            logging.getLogger(__name__).warning(told, location=block)
            continue
        shown = f"<figure>{picture}</figure><details><summary>As text</summary>"
        block.parent.insert(block.parent.index(block), nodes.raw("", shown, format="html"))
        closed = nodes.raw("", "</details>", format="html")
        block.parent.insert(block.parent.index(block) + 1, closed)


def setup(app: Sphinx) -> None:
    app.add_lexer("mermaid", TextLexer)
    app.connect("doctree-read", show_pictures)
    app.connect("build-finished", lead_in)
