"""Which release of jobledger this is, and how to get more of it."""

__version__ = "0.1.0"


def how_to_install(extra: str) -> str:
    """Say what to do where the libraries of an extra are missing: jobledger is on no package index,
    so that a clone is the way unless somebody has put it on one of theirs."""
    return (
        f"install the extra {extra!r}: pip install '.[{extra}]' in a clone of jobledger, or"
        f" 'jobledger[{extra}]' where your own package index has it"
    )
