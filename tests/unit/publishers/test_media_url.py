"""A platform that fetches by itself gets the address of a kept file."""

from __future__ import annotations

import pytest

from jobledger import MediaFile, ValidationError
from jobledger.publishers.media_url import check_media_url, media_url

FILE = MediaFile(sha256="ab" * 32, size=9, kind="jpeg", width=3, height=2)


@pytest.mark.parametrize(
    ("template", "address"),
    [
        ("https://cdn.example.com/{sha256}.{ext}", f"https://cdn.example.com/{'ab' * 32}.jpg"),
        ("http://10.0.0.7/{ab}/{sha256}", f"http://10.0.0.7/ab/{'ab' * 32}"),
    ],
)
def test_a_template_is_filled(template: str, address: str) -> None:
    assert media_url(check_media_url(template), FILE) == address


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("https://example.com/{name}", "other places"),
        ("https://example.com/{sha256.__class__}", "other places"),
        ("https://example.com/{sha256!r}", "other places"),
        ("https://example.com/{sha256:>80}", "other places"),
        ("https://example.com/a.png", "has no {sha256}"),
        ("{sha256}.png", "no http"),
        ("ftp://example.com/{sha256}", "no http"),
        ("https://exa mple.com/{sha256}", "no http"),
        ("https://example.com/{sha256", "is no template"),
        (7, "is no template"),
    ],
)
def test_what_is_no_template_is_refused(template: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said) as caught:
        check_media_url(template)
    assert caught.value.field == "media_url"
