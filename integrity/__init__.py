"""Is the log what it says it is: verify, heads and seals. See `verify.py`."""
