"""The commands: a file is named as its command is typed."""
