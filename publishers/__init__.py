"""Publishers that ship: Threads, Bluesky, Mastodon, and any HTTP endpoint.

Each keeps the contract of an attempt (docs/attempts.md): what it cannot know it calls unknown, and
where it can be asked it is. docs/publishers.md says how to use them and what each promises.
`Connection` is the HTTP exchange that they are made of, for publishers of one's own;
`threads_length` is how long Threads says a text is. `AccountWaits` and `NoValidToken` are of an
account, not of a post. Secrets come from a `SecretFile` or `SecretVariables`.
A `CheckingPublisher` says before the time what is wrong with a job, one that `KnowsExpiries` when
tokens end, a `PreflightPublisher` what a post lacks just before it is due; a `Tier` is how a
publisher keeps from posting twice. They need `pip install '.[publishers]'`;
`jobledger.publishers.fake_platform` has a platform for tests.

Raises:
    ImportError: the HTTP client is not installed.
"""

from ..domain import threads_length
from .bluesky import BlueskyPublisher
from .checks import CheckingPublisher, PreflightPublisher, Tier
from .exchange import Connection, NoAnswer, NotSent, Response, Timeouts, TransportFactory
from .mastodon import MastodonPublisher
from .secret_file import SecretFile, SecretVariables, read_secret
from .threads import ThreadsPublisher
from .threads_tokens import ThreadsTokens
from .tokens import AccountWaits, KnowsExpiries, NoValidToken
from .webhook import WebhookPublisher

__all__ = [
    "AccountWaits",
    "BlueskyPublisher",
    "CheckingPublisher",
    "Connection",
    "KnowsExpiries",
    "MastodonPublisher",
    "NoAnswer",
    "NoValidToken",
    "NotSent",
    "PreflightPublisher",
    "Response",
    "SecretFile",
    "SecretVariables",
    "ThreadsPublisher",
    "ThreadsTokens",
    "Tier",
    "Timeouts",
    "TransportFactory",
    "WebhookPublisher",
    "read_secret",
    "threads_length",
]
