"""What rows mean: columns, tools, times, states and texts; each tool is a line of `presets.py`."""
