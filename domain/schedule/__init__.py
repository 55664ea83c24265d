"""Schedules: rules by which jobs are made, and when they are due."""
