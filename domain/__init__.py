"""What a job is and how it may change. Pure: no I/O, no clock, no logging, no randomness."""
