"""Links and mentions in a text: some platforms count each of them as if it had a length of its own.

What counts as a link is as `twitter-text` has it, in short: Mastodon uses that, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_WORDS = """
ac ad ae af ag ai al am ao ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by
bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu
fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il
im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly
ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu
nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl sm
sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va
vc ve vg vi vn vu wf ws ye yt za zm zw com net org edu gov mil int info biz name pro app dev blog
shop store online site website xyz club live news page link space tech top vip wiki world life
today media studio agency academy cafe travel asia social
"""
_ENDINGS = frozenset(_WORDS.split())
"""The ends of domains that make a word a link without `https://` before it: those of countries,
and the usual ones. X knows more than a thousand; a word that ends in one of those that are not
here is counted by its letters."""
_ACCENTED = "\u00c0-\u024f\u0300-\u036f\u1e00-\u1eff"
_LETTER = rf"[A-Za-z0-9{_ACCENTED}]"
_LABEL = rf"{_LETTER}(?:[A-Za-z0-9_{_ACCENTED}-]{{0,61}}{_LETTER})?"
_ANY_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_PATH = rf"[A-Za-z0-9\u0400-\u052f{_ACCENTED}!*';:=+,.$/%#\[\]\u2013_~@|&-]"
_QUERY = r"[A-Za-z0-9!?*'@();:&=+$/%#\[\]_.,~|-]"
_TAIL = rf"(?::[0-9]+)?(?P<path>/(?:{_PATH}|\({_PATH}*\))*)?(?P<query>\?{_QUERY}*)?"
_WITH_SCHEME = re.compile(
    rf"(?<![A-Za-z0-9@＠$#＃])https?://(?:{_ANY_LABEL}\.){{1,20}}[^\W\d_]{{2,63}}(?![\w-]){_TAIL}",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"(?<![A-Za-z0-9{_ACCENTED}@＠$#＃_./-])(?:{_LABEL}\.){{1,20}}"
    rf"(?P<ending>[A-Za-z]{{2,63}})(?![A-Za-z0-9@+-]){_TAIL}"
)
_END_OF_PATH = re.compile(rf"[^A-Za-z0-9\u0400-\u052f{_ACCENTED}+=_#/)-]+$")
_END_OF_QUERY = re.compile(r"[^A-Za-z0-9_&=#/-]+$")
_MENTION = re.compile(
    r"(?<![=/\w])(@[A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*)@[\w.-]*\w", re.IGNORECASE
)
_HASHTAG = re.compile(r"(?<![\w&])[#＃](?=\w*[^\W\d_])\w+")


def links(text: str, *, bare: bool) -> Iterator[tuple[int, int]]:
    """Yield where the links of a text begin and end; `bare` ones, too, that have no `https://`."""
    done = 0
    found = [*_WITH_SCHEME.finditer(text), *(_BARE.finditer(text) if bare else ())]
    for match in sorted(found, key=lambda each: each.start()):
        scheme = match.re is _WITH_SCHEME
        if match.start() < done or not (scheme or match["ending"].lower() in _ENDINGS):
            continue
        done = _end_of(match)
        yield match.start(), done


def _end_of(match: re.Match[str]) -> int:
    """Return where a link ends: what closes a sentence is no part of it."""
    if match["query"]:
        query = _END_OF_QUERY.sub("", match["query"])
        if query:
            return match.start("query") + len(query)
    if match["path"]:
        return match.start("path") + len(_END_OF_PATH.sub("", match["path"]))
    return match.end() - len(match["query"] or "")


def local_mentions(text: str) -> str:
    """Return a text with `@somebody` in place of each `@somebody@example.social`."""
    return _MENTION.sub(r"\1", text)


def hashtags(text: str) -> int:
    """Return how many hashtags a text has."""
    return len(_HASHTAG.findall(text))


def distinct_links(text: str) -> int:
    """Return how many different links a text has, of those that begin with `http` or `www.`: in
    capitals, or with a slash at its end, one is the same."""
    found = (text[begin:end].lower().rstrip("/") for begin, end in links(text, bare=True))
    return len({each for each in found if each.startswith(("http", "www."))})
