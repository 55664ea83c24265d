"""Disks that fail and crash on purpose, for tests of what is built on a ledger."""
