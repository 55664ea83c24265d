"""Is the log what it says it is?

`verify` reads the whole ledger with a reader of its own and says each thing that is wrong, with its
place; a head that was exported, and the seals of days, prove that nothing was taken back since.
"""

from typing import TYPE_CHECKING

from ..faces import face

if TYPE_CHECKING:
    from .engines import *
    from .findings import *
    from .heads import *
    from .packing import *
    from .sealing import *
    from .seals import *
    from .verify import *
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "engines": ("verify_engine",),
            "findings": ("Problem", "ProblemKind", "VerifyReport", "error_of", "head_of"),
            "heads": ("ExportedHead",),
            "packing": ("PackReport", "PackedDay", "pack_days", "unpack_days"),
            "sealing": ("seal_days",),
            "seals": (
                "Seal",
                "SigningKey",
                "TrustedKeys",
                "fingerprint",
                "newest_seal",
                "seal_file",
                "sealed_days",
            ),
            "verify": ("verify_directory",),
        },
    )
