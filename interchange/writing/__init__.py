"""From jobs to bytes, one file a form."""
