"""The command line: a module a concern."""
