"""Jobs from and to other forms: CSV, JSON lines, and directories of daily files."""
