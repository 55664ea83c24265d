"""When a rule is due, in words, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from jobledger import At, Cron, Every, ValidationError, words
from jobledger.domain import Rule
from jobledger.explanation.wording import Language
from jobledger.testing.schedule_strategies import cron_texts

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "english", "vietnamese"),
    [
        (Cron("30 9 * * mon-fri"), "at 09:30, Monday to Friday", "lúc 09:30, thứ Hai đến thứ Sáu"),
        (Cron("0 9,18 * * 0"), "at 09:00 and 18:00, Sunday", "lúc 09:00 và 18:00, Chủ nhật"),
        (Cron("*/15 * * * *"), "every 15 minutes, every day", "cứ 15 phút, mỗi ngày"),
        (Cron("* 9-17 * * sat,sun"), "every minute in the hours 9–17, Saturday and Sunday",
         "mỗi phút trong các giờ 9–17, thứ Bảy và Chủ nhật"),
        (Cron("5,35 * * * *"), "each hour at minutes 5, 35, every day",
         "mỗi giờ vào phút 5, 35, mỗi ngày"),
        (Cron("5,35 8-17 * * *"), "at minutes 5, 35 of the hours 8–17, every day",
         "vào phút 5, 35 của các giờ 8–17, mỗi ngày"),
        (Cron("15 0 9 * * *"), "at 09:00:15, every day", "lúc 09:00:15, mỗi ngày"),
        (Cron("*/20 * * * * *"), "every minute, at seconds 0, 20, 40, every day",
         "mỗi phút, vào giây 0, 20, 40, mỗi ngày"),
        (Cron("0 9 1,15 * *"), "at 09:00, on day 1, 15 of the month",
         "lúc 09:00, vào ngày 1, 15 trong tháng"),
        (Cron("0 9 L,L-3 jan,jun-aug *"),
         "at 09:00, on the last day of the month and 3 days before the last day of the month,"
         " in January and June to August",
         "lúc 09:00, vào ngày cuối tháng và 3 ngày trước ngày cuối tháng,"
         " vào tháng 1 và tháng 6 đến tháng 8"),
        (Cron("0 9 15W,LW * *"),
         "at 09:00, on the last working day of the month and on the working day nearest to day 15"
         " of the month",
         "lúc 09:00, vào ngày làm việc cuối tháng và vào ngày làm việc gần ngày 15 trong tháng"
         " nhất"),
        (Cron("0 9 * * fri#2"), "at 09:00, on the second Friday of the month",
         "lúc 09:00, vào thứ Sáu thứ hai của tháng"),
        (Cron("0 9 * * 5L"), "at 09:00, on the last Friday of the month",
         "lúc 09:00, vào thứ Sáu cuối cùng của tháng"),
        (Cron("0 9 13 * fri"), "at 09:00, on day 13 of the month or Friday",
         "lúc 09:00, vào ngày 13 trong tháng hoặc thứ Sáu"),
        (Cron("0 9 */2 * fri"), "at 09:00, on day 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25,"
         " 27, 29, 31 of the month, where that is Friday",
         "lúc 09:00, vào ngày 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31 trong"
         " tháng, nếu đó là thứ Sáu"),
        (At(("9:00", "12:30:15"), ("wed", "mon")), "at 09:00 and 12:30:15, Monday and Wednesday",
         "lúc 09:00 và 12:30:15, thứ Hai và thứ Tư"),
        (At(("9:00",)), "at 09:00, every day", "lúc 09:00, mỗi ngày"),
        (Every(timedelta(minutes=90)), "every 1 h 30 min", "cứ mỗi 1 giờ 30 phút"),
        (Every(timedelta(days=2), NOON), "every 2 d, counted from 2026-03-02 12:00:00",
         "cứ mỗi 2 ngày, tính từ 12:00:00 ngày 02/03/2026"),
    ],
)  # fmt: skip
def test_a_rule_is_said_in_both_languages(rule: Rule, english: str, vietnamese: str) -> None:
    assert words(rule) == english
    assert words(rule, "vi") == vietnamese


@given(cron_texts())
def test_every_rule_has_words(text: str) -> None:
    try:
        rule = Cron(text)
    except ValidationError:
        return  # it never comes
    languages: tuple[Language, ...] = ("en", "vi")
    for language in languages:
        said = words(rule, language)
        assert said
        assert "{" not in said
