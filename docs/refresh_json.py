"""Write docs/json, a JSON Schema of each document that commands print with `--json`, and the page
docs/json-output.md that says which command prints which."""

from __future__ import annotations

import json
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any

import msgspec

from jobledger.tools.shapes.table import SHAPES

ROOT = Path(__file__).resolve().parents[1]
SCHEMAS = ROOT / "docs" / "json"
PAGE = ROOT / "docs" / "json-output.md"

_BEGIN = """\
# What `--json` prints

This page, and the schemas in `docs/json`, are made from the types of what is printed by
`make manual`; do not edit them.

With `--json` a command prints one document in UTF-8 on standard output, and only `audit` one a
line. Each has a JSON Schema (draft 2020-12), and the tests hold what every command prints against
it. A schema names every key: what it does not name is not printed. The exceptions are what is not
the command's own: `metadata`, `data` of an event, and objects whose keys are names.

Standard error has no JSON: an error is one line there, and nothing is on standard output then,
but where the exit code is 1, or `import` refuses rows: that is a result, which is printed. Times
are ISO 8601 with an offset. What is not known is `null`; a key that can be left out is not among
`required`.

A new release may add keys, which its schema has then; one that takes a key away, or gives it
another meaning, says so in the changelog under "Changed".

| command | prints | schema |
|---|---|---|
"""


def schemas() -> dict[str, dict[str, Any]]:
    """Return each schema as it ought to be today, by its name."""
    return {
        name: _schema(kinds if isinstance(kinds, tuple) else (kinds,))
        for name, (kinds, _, _) in SHAPES.items()
    }


def page() -> str:
    """Return the page as it ought to be today."""
    rows = sorted(
        f"| `{command}` | {says} | [{name}](json/{name}.schema.json) |\n"
        for name, (_, says, commands) in SHAPES.items()
        for command in commands
    )
    return _BEGIN + "".join(rows)


def text_of(schema: dict[str, Any]) -> str:
    """Return a schema as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _schema(kinds: tuple[Any, ...]) -> dict[str, Any]:
    tops, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    whole = {each.__name__ for each in _always_whole(msgspec.inspect.multi_type_info(kinds))}
    for name, part in parts.items():
        if "description" in part:
            part["description"] = cleandoc(part["description"]).partition("\n\nRaises:")[0]
        if "properties" in part:
            part["additionalProperties"] = False
            for each in part["properties"].values():
                if "pattern" in each:  # as JavaScript writes it
                    each["pattern"] = each["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
            if name in whole:
                part["required"] = list(part["properties"])
    top = tops[0] if len(tops) == 1 else {"anyOf": [*tops]}
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", **top}
    return {**found, "$defs": dict(sorted(parts.items()))} if parts else found


def _always_whole(info: Any) -> Iterator[type]:
    """Yield the classes in a type whose values are written with every field: a default of those is
    written, too, and nothing that a reader would have to fill in."""
    if (
        isinstance(info, msgspec.inspect.StructType)
        and not info.cls.__struct_config__.omit_defaults
    ):
        yield info.cls
    if isinstance(info, tuple):
        for each in info:
            yield from _always_whole(each)
    elif isinstance(info, msgspec.Struct):
        for name in info.__struct_fields__:
            yield from _always_whole(getattr(info, name))


def main() -> None:
    made = {f"{name}.schema.json": text_of(schema) for name, schema in schemas().items()}
    SCHEMAS.mkdir(exist_ok=True)
    for path in SCHEMAS.iterdir():
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (SCHEMAS / name).write_text(text, "utf-8")
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
