"""Days as people of a language write them."""

from __future__ import annotations

from datetime import date

_WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "vi": ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật"),
}
_SHORT = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "vi": ("T2", "T3", "T4", "T5", "T6", "T7", "CN"),
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def weekday(day: date, language: str, *, short: bool = False) -> str:
    """Name the day of the week."""
    return (_SHORT if short else _WEEKDAYS)[language][day.weekday()]


def month(day: date, language: str) -> str:
    """Name the month and its year."""
    if language == "vi":
        return f"Tháng {day.month} năm {day.year}"
    return f"{_MONTHS[day.month - 1]} {day.year}"


def day(day: date, language: str) -> str:
    """Name a day in full."""
    if language == "vi":
        return f"{weekday(day, language)}, ngày {day.day} tháng {day.month} năm {day.year}"
    return f"{weekday(day, language)}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def short_day(day: date, today: date, language: str) -> str:
    """Name a day in a few characters, with its year where that is another one."""
    name = weekday(day, language, short=True)
    if language == "vi":
        return f"{name} {day.day}/{day.month}" + ("" if day.year == today.year else f"/{day.year}")
    year = "" if day.year == today.year else f" {day.year}"
    return f"{name} {day.day} {_MONTHS[day.month - 1][:3]}{year}"


def days(first: date, last: date, language: str) -> str:
    """Name the days from one to another, saying what they share once."""
    if language == "vi":
        head = f"{first.day}"
        if (first.month, first.year) != (last.month, last.year):
            head += f" tháng {first.month}"
        if first.year != last.year:
            head += f" năm {first.year}"
        return f"{head} – {last.day} tháng {last.month} năm {last.year}"
    head = f"{first.day}"
    if (first.month, first.year) != (last.month, last.year):
        head += f" {_MONTHS[first.month - 1]}"
    if first.year != last.year:
        head += f" {first.year}"
    return f"{head} – {last.day} {_MONTHS[last.month - 1]} {last.year}"
