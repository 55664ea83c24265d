"""The log: durable, ordered, chained records. Knows records and bytes, not what a job is."""
