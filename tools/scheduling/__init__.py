"""What is below `jobledger schedule`, `slots` and `queue`: its options, words and documents."""
