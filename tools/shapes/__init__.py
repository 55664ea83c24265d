"""What each command prints with `--json`, as types.

A document that is a value of a class already is that class; one that a command makes as a dict is a
TypedDict here. Nothing is read into these: `docs/refresh_json.py` writes the schemas, and the tests
hold against them what the commands print.
"""
