"""From bytes to rows, one file a form: what stands there, and nothing yet of what it means."""
