"""The engines: each keeps the lines of a ledger, and nothing else."""
