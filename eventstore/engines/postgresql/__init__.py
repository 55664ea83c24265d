"""The engine of ledgers in PostgreSQL (extra `postgres`): one line a row, one transaction a write.

Any number of processes hold a ledger there, and any number run its jobs, each by a lease. `sql`
gives the tables to an administrator; what the location says is in `location`, what is refused at
connecting in `connecting`.
"""

from typing import TYPE_CHECKING

from ....faces import face

if TYPE_CHECKING:
    from .opening import *
    from .schema import *
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {"opening": ("open_postgres",), "schema": ("sql",)},
    )
