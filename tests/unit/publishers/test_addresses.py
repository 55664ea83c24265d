"""Addresses that Threads could not fetch a picture from, and those that it can."""

from __future__ import annotations

import pytest

from jobledger.publishers.addresses import fault

LOCAL = [
    r"C:\Users\an\pic.jpg", "c:/pic.jpg", r"\\nas\share\pic.jpg", "/home/an/pic.jpg", "/pic.jpg",
    "~/pic.jpg", "./pic.jpg", "../pic.jpg", "file:///home/an/pic.jpg", "FILE:/pic.jpg",
]  # fmt: skip
NO_ADDRESS = [
    "pic.jpg", "images/pic.jpg", "www.example.com/pic.jpg", "//example.com/pic.jpg", "example.com",
    "ftp://example.com/a.jpg", "s3://bucket/a.jpg", "gs://bucket/a.jpg", "data:image/png;base64,AA",
    "blob:https://example.com/1", "https://", "https://[", "https://example.com:99999/a.jpg",
    "https://example.com/a b.jpg", "https://example.com\\a.jpg", " https://example.com/a.jpg", "https://example.com/a.jpg\n",
    "javascript:alert(1)", "#N/A", "N/A", "TBD", "true", "{{image_url}}",
]  # fmt: skip
NOT_PUBLIC = [
    "http://localhost/a.jpg", "http://localhost:8000/a.jpg", "http://LOCALHOST./a.jpg",
    "http://127.0.0.1/a.jpg", "http://127.1/a.jpg", "http://2130706433/a.jpg", "http://0x7f.1/a",
    "http://10.0.0.5/a.jpg", "http://192.168.1.2/a.jpg", "http://172.16.0.1/a.jpg",
    "http://169.254.169.254/latest", "http://100.64.0.1/a.jpg", "http://0.0.0.0/a.jpg",
    "http://[::1]/a.jpg", "http://[fd00::1]/a.jpg", "http://[fe80::1]/a.jpg",
    "http://[::ffff:127.0.0.1]/a.jpg", "http://nas/a.jpg", "http://printer.local/a.jpg",
    "https://cms.internal/a.jpg", "https://wiki.corp/a.jpg", "http://router.lan/a.jpg",
    "http://app.localhost/a.jpg", "https://shop.test/a.jpg", "http://224.0.0.1/a.jpg",
]  # fmt: skip
PAGES = [
    ("https://drive.google.com/file/d/abc/view?usp=sharing", "Google Drive"),
    ("https://drive.google.com/open?id=abc", "Google Drive"),
    ("https://docs.google.com/document/d/abc/edit", "Google Docs"),
    ("https://photos.app.goo.gl/abc", "Google Photos"),
    ("https://www.dropbox.com/s/abc/pic.jpg?dl=0", "Dropbox"),
    ("https://www.dropbox.com/scl/fi/abc/pic.jpg?rlkey=x&dl=0", "Dropbox"),
    ("https://1drv.ms/i/s!abc", "OneDrive"),
    ("https://mine.sharepoint.com/:i:/g/abc", "OneDrive"),
    ("https://share.icloud.com/photos/abc", "iCloud"),
    ("https://app.box.com/s/abc", "Box"),
    ("https://mega.nz/file/abc", "MEGA"),
    ("https://we.tl/t-abc", "WeTransfer"),
    ("https://www.canva.com/design/abc/view", "Canva"),
    ("https://imgur.com/abc", "Imgur"),
    ("https://imgur.com/a/abc", "Imgur"),
    ("https://www.instagram.com/p/abc/", "Instagram"),
    ("https://www.facebook.com/photo/?fbid=1", "Facebook"),
    ("https://m.facebook.com/photo.php?fbid=1", "Facebook"),
    ("https://x.com/a/status/1/photo/1", "X"),
    ("https://unsplash.com/photos/abc", "Unsplash"),
    ("https://www.pexels.com/vi-vn/photo/abc-1/", "Pexels"),
    ("https://giphy.com/gifs/abc", "GIPHY"),
    ("https://github.com/a/b/blob/main/pic.png", "GitHub"),
    ("https://commons.wikimedia.org/wiki/File:Pic.jpg", "Wikimedia"),
    ("https://www.youtube.com/watch?v=abc", "YouTube"),
]
FETCHED = [
    "https://example.com/a.jpg", "http://example.com/a.jpg", "HTTPS://Example.com/A.JPG",
    "https://e.org/a", "https://example.org/a.png?size=large&v=2", "https://x.vn/a",
    "https://cdn.example.com:8443/a.jpg", "https://example.com/ảnh.jpg", "https://ví-dụ.vn/a.jpg",
    "https://8.8.8.8/a.jpg", "https://[2606:4700::1111]/a.jpg", "https://example.com/a.php?id=7",
    "https://drive.google.com/uc?export=download&id=abc", "https://drive.google.com/uc?id=abc",
    "https://docs.google.com/uc?id=abc", "https://lh3.googleusercontent.com/d/abc", "https://www.dropbox.com/s/abc/pic.jpg?raw=1",
    "https://www.dropbox.com/scl/fi/abc/pic.jpg?rlkey=x&dl=1",
    "https://dl.dropboxusercontent.com/s/abc/pic.jpg", "https://i.imgur.com/abc.jpg",
    "https://imgur.com/abc.jpg", "https://raw.githubusercontent.com/a/b/main/pic.png",
    "https://github.com/a/b/blob/main/pic.png?raw=true", "https://images.unsplash.com/photo-1",
    "https://images.pexels.com/photos/1/a.jpeg", "https://media.giphy.com/media/abc/giphy.gif",
    "https://live.staticflickr.com/1/a.jpg", "https://img.youtube.com/vi/abc/0.jpg",
    "https://upload.wikimedia.org/wikipedia/commons/a/a9/Pic.jpg", "https://mybox.com/s/a.jpg",
    "https://notdropbox.com/a.jpg", "https://localhost.example.com/a.jpg",
    "https://scontent.cdninstagram.com/v/a.jpg", "https://firebasestorage.googleapis.com/v0/b/a?alt=media",
    "https://bucket.s3.amazonaws.com/a.jpg?X-Amz-Signature=1", "https://res.cloudinary.com/a/image/upload/a",
]  # fmt: skip


@pytest.mark.parametrize("address", LOCAL)
def test_a_file_of_this_machine_is_told_as_one(address: str) -> None:
    """And what would do."""
    said = str(fault(address, "image"))
    assert "is a file of this machine, which no platform can reach" in said
    assert "open to all" in said


@pytest.mark.parametrize("address", NO_ADDRESS)
def test_what_is_no_address_is_told(address: str) -> None:
    """Also one with a blank, or in another scheme."""
    assert str(fault(address, "image")).startswith("must be an http(s) address that Threads can")


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_public_is_told(address: str) -> None:
    """For a picture as for a link: by name, by number, and by a number in disguise."""
    assert "is not public" in str(fault(address, "image"))
    assert "is not public" in str(fault(address))


@pytest.mark.parametrize(("address", "of"), PAGES)
def test_a_page_about_a_file_is_told_with_what_would_do(address: str, of: str) -> None:
    """It is a link like any other, though."""
    said = str(fault(address, "image"))
    assert f"is a page of {of} that shows a file, and not the file; what would do: " in said
    assert fault(address) is None


@pytest.mark.parametrize("address", FETCHED)
def test_what_can_be_fetched_is_let_through(address: str) -> None:
    """Whether it is there is not known from here."""
    assert fault(address, "image") is None
    assert fault(address) is None


@pytest.mark.parametrize(
    ("address", "of", "says"),
    [
        ("https://example.com/a.mp4", "image", "video_url is for those"),
        ("https://example.com/a.MOV?x=1", "image", "video_url is for those"),
        ("https://example.com/a.jpg", "video", "image_url is for those"),
        ("https://example.com/a.html", "image", "is no image by its name"),
        ("https://example.com/a.pdf", "image", "is no image by its name"),
        ("https://example.com/a.zip", "video", "is no video by its name"),
    ],
)
def test_what_is_something_else_by_its_name_is_told(address: str, of: str, says: str) -> None:
    """Pictures and videos have a key each."""
    assert says in str(fault(address, "image" if of == "image" else "video"))


def test_what_may_be_a_key_to_a_file_is_not_shown() -> None:
    """Neither its query nor a user in it."""
    said = str(fault("https://an:secret@nas.local/a.jpg?key=hidden", "image"))
    assert "secret" not in said
    assert "hidden" not in said
    assert "https://***@nas.local/a.jpg" in said
