"""The engine of one machine: a directory of daily JSONL files, shared by processes with a lock."""
