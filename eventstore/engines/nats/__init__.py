"""The engine of ledgers in NATS JetStream (extra `nats`): one stream a ledger, one message a write.

Any number of processes hold a ledger there, and any number run its jobs, each by a lease in a KV
bucket. What the location says is in `location`, what is refused at opening in `connecting`.
"""

from typing import TYPE_CHECKING

from ....faces import face

if TYPE_CHECKING:
    from .engine import *
else:
    __all__, __getattr__, __dir__ = face(__name__, {"engine": ("open_nats",)})
