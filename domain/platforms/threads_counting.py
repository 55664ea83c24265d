"""How long Threads says a text is."""

from __future__ import annotations

from bisect import bisect_right

# Characters that are shown as emoji by themselves (Unicode, Emoji_Presentation): first and last.
_EMOJI = (
    (0x231A, 0x231B), (0x23E9, 0x23EC), (0x23F0, 0x23F0), (0x23F3, 0x23F3), (0x25FD, 0x25FE),
    (0x2614, 0x2615), (0x2648, 0x2653), (0x267F, 0x267F), (0x2693, 0x2693), (0x26A1, 0x26A1),
    (0x26AA, 0x26AB), (0x26BD, 0x26BE), (0x26C4, 0x26C5), (0x26CE, 0x26CE), (0x26D4, 0x26D4),
    (0x26EA, 0x26EA), (0x26F2, 0x26F3), (0x26F5, 0x26F5), (0x26FA, 0x26FA), (0x26FD, 0x26FD),
    (0x2705, 0x2705), (0x270A, 0x270B), (0x2728, 0x2728), (0x274C, 0x274C), (0x274E, 0x274E),
    (0x2753, 0x2755), (0x2757, 0x2757), (0x2795, 0x2797), (0x27B0, 0x27B0), (0x27BF, 0x27BF),
    (0x2B1B, 0x2B1C), (0x2B50, 0x2B50), (0x2B55, 0x2B55), (0x1F000, 0x1FAFF), (0xE0020, 0xE007F),
)  # fmt: skip
_JOINERS = "\u200d\ufe0f\u20e3"
"""What emoji are put together with: joiner, "as emoji please", key cap."""
_FIRSTS = [first for first, _ in _EMOJI]


def threads_length(text: str) -> int:
    """How long Threads says a text is: a character is 1, an emoji as many as its UTF-8 bytes."""
    following = text[1:] + " "
    return sum(
        len(char.encode()) if _is_emoji(char) or after == "\ufe0f" else 1
        for char, after in zip(text, following, strict=False)
    )


def _is_emoji(char: str) -> bool:
    if char in _JOINERS:
        return True
    place = bisect_right(_FIRSTS, ord(char)) - 1
    return place >= 0 and ord(char) <= _EMOJI[place][1]
