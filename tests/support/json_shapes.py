"""The schemas of what commands print with `--json`, and what was printed, as they read it."""

from __future__ import annotations

import json
import runpy
import shlex
from collections.abc import Callable
from typing import Any

import jsonschema_rs
from support.anchors import ROOT

from jobledger.tools.shapes.table import SHAPES

refresh = runpy.run_path(str(ROOT / "docs/refresh_json.py"))
SCHEMAS: dict[str, dict[str, Any]] = refresh["schemas"]()
SHAPE_OF = {command: name for name, (_, _, commands) in SHAPES.items() for command in commands}


def command_of(line: str) -> str:
    """Return which command a line calls."""
    words = [word for word in shlex.split(line) if word not in ("--config", "shop.toml")]
    return next(name for name in (" ".join(words[:2]), words[0]) if name in SHAPE_OF)


def documents(line: str, out: str) -> list[Any]:
    """Return what was printed: one document, but of `audit` one a line."""
    if line.startswith("audit"):
        return [json.loads(each) for each in out.splitlines()]
    return [json.loads(out)]


def validator(schema: dict[str, Any]) -> Callable[[Any], None]:
    """Return what raises where a document is not as the schema says."""
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate
