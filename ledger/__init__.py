"""The ledger: the object by which programs ask and change, over the log and what is derived."""
