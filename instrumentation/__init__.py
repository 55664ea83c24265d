"""What tells and changes nothing: the operational log, hooks, progress, secrets kept out of it."""
