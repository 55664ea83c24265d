"""The whole suite on a busy machine, and in another order."""
