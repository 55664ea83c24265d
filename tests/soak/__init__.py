"""Real workers on a real server, to which happens what happens to machines: again and again.

`python -m soak` runs each of `ROUNDS` (`rounds.py`) for some minutes, and prints what it counted.
"""
