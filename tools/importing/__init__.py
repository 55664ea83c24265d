"""Import at a terminal: its options, its questions, and what is shown of a plan."""
