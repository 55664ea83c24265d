"""The dashboard and the HTTP API of one ledger, from a process of its own (extra `web`).

It holds a `Ledger` like any other program, and uses the public names alone, beside the room that
understands files. Pages and API go
through the same guard, the same table of roles and the same actions: what a page may, the API may.
"""

from typing import TYPE_CHECKING

from ..faces import face

if TYPE_CHECKING:
    from .app import *
    from .serving import *
    from .settings import *
    from .users import *
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "app": ("create_app",),
            "serving": ("listen", "serve"),
            "settings": ("WebSettings",),
            "users": ("change_user", "hash_password", "read_users"),
        },
    )
