"""What people see of a ledger on a terminal: tables, timelines, explanations."""
