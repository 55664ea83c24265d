"""Realistic mistakes, planted in a copy of the project one by one: each has to be noticed."""
