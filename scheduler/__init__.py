"""The running service: the ledger, the scheduler and its loop, attempts, recovery, clocks."""
