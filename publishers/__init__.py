"""Publishers that ship: Threads, and any HTTP endpoint.

Each keeps the contract of an attempt (docs/attempts.md): what it cannot know it calls unknown, and
where it can be asked it is. docs/publishers.md says how to use them and what each promises. They
need `pip install '.[publishers]'`; `jobledger.publishers.fake_platform` has a platform for
tests.

Raises:
    ImportError: the HTTP client is not installed.
"""

from .exchange import Timeouts
from .threads import ThreadsPublisher
from .webhook import WebhookPublisher

__all__ = ["ThreadsPublisher", "Timeouts", "WebhookPublisher"]
