"""How many characters a text has left, as the platform of its job counts them."""

from __future__ import annotations

from .. import PLATFORMS, NewJob


class TextCounter:
    """Counts for one platform; templates call it, and name `counting` to the script of a page."""

    def __init__(self, platform: str = "threads") -> None:
        self._platform = platform
        rules = PLATFORMS.get(platform)
        self.counting = "code_points" if rules is None else rules.counting.value

    def __call__(self, content: str) -> int:
        return NewJob.characters_left(content, self._platform)
