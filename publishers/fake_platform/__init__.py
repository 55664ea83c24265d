"""A platform for tests, over real HTTP on loopback: Threads, Bluesky, Mastodon, webhooks.

    with FakePlatform() as platform:
        publisher = ThreadsPublisher({"acc": "acc"}, base_url=platform.threads_url)
        platform.fail("publish", "silent_after")       # acts on the next one, and says nothing
        …
        assert platform.counts() == {("acc", "text"): 1}

It counts every post, and publishes a container once at most, as the platform does. Nothing in it
sleeps: a container is ready after so many looks, a silent exchange is silent until the platform is
closed.
"""

from .faults import EXCHANGES, FAULTS
from .server import FakePlatform
from .threads import Out

__all__ = ["EXCHANGES", "FAULTS", "FakePlatform", "Out"]
