"""Which release of jobledger this is."""

__version__ = "0.1.0"
