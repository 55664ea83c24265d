"""What a browser may do with the page: run its one script and its one style, and nothing else.

Both are named in the page's Content-Security-Policy by their hashes, so that no other script or
style is run, wherever it came from: no element, no attribute such as `onclick` or `style`. So what
differs between elements, their places, has to be a rule of the one style.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Literal

from markupsafe import Markup


class Inline:
    """The content of the page's one `style` or `script`, and how the policy names it."""

    def __init__(self, element: Literal["style", "script"], text: str) -> None:
        if f"</{element}" in text.lower() or "\r" in text:  # a browser would hash something else
            raise ValueError(f"this cannot be the content of a <{element}>")
        digest = b64encode(sha256(text.encode()).digest()).decode()
        self.text = Markup(text)
        self.source = f"{element}-src 'sha256-{digest}'"


class Placed:
    """The rules of the style that say where things are; each is given a class of its own."""

    def __init__(self) -> None:
        self._classes: dict[str, str] = {}

    def __call__(self, declarations: str) -> str:
        """Return the class that has these declarations."""
        return self._classes.setdefault(declarations, f"p{len(self._classes)}")

    def rules(self) -> str:
        """All of them, for the style."""
        return "".join(f".{name}{{{what}}}\n" for what, name in self._classes.items())


def policy(style: Inline, script: Inline) -> str:
    """Return the page's Content-Security-Policy; it forbids every request, to wherever."""
    return (
        f"default-src 'none'; {script.source}; {style.source}; base-uri 'none'; form-action 'none'"
    )
