"""A job: what it is, how it may change, and what is said of that."""
