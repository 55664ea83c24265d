"""What is derived from the log: current state, daily files. All of it can be thrown away."""
