"""Which release of jobledger this is, and how to get more of it."""

__version__ = "0.1.0"


def how_to_install(extra: str) -> str:
    """Say what to do where the libraries of an extra are missing, in the way in which this very
    jobledger was installed: from a clone, a file or address, or an index."""
    where = _where_from()
    if where is None:
        what = f"'.[{extra}]' in a clone of jobledger"
    else:
        option, before, after = where
        what = f"{option}'{before}[{extra}]{after}'"
    return f"install the extra {extra!r}: pip install {what}"


def _where_from() -> tuple[str, str, str] | None:
    """Return what stands before an extra's name for pip, and behind it; None: it was not installed,
    or that is not known any more. pip keeps it beside the package (PEP 610)."""
    import json  # here: only who lacks something asks
    from importlib.metadata import Distribution, PackageNotFoundError
    from pathlib import Path
    from urllib.parse import unquote, urlsplit

    here = Path(__file__).parent
    if (here / "pyproject.toml").exists():  # which no distribution brings along
        return "-e ", str(here), ""
    try:
        kept = Distribution.from_name("jobledger").read_text("direct_url.json")
        if kept is None:
            return "", "jobledger", ""
        origin = json.loads(kept)
        parts = urlsplit(origin["url"])
        if parts.scheme == "file":
            path = Path(unquote(parts.path))
            return ("", str(path), "") if path.exists() else None
        address = origin["url"]
        if "vcs_info" in origin:
            vcs = origin["vcs_info"]
            address = f"{vcs['vcs']}+{address}@{vcs.get('requested_revision') or vcs['commit_id']}"
        return "", "jobledger", f" @ {address}"
    except (PackageNotFoundError, OSError, ValueError, KeyError, AttributeError, TypeError):
        return None
