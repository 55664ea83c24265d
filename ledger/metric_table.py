"""Which metrics there are: their names, what each says, and by what its samples are told apart.

docs/metrics.md has the same table with more words, and a test holds the two together.
"""

from __future__ import annotations

from ..eventstore import APPEND_BOUNDS_S
from ..instrumentation import Metric
from ..projections import DELAY_BOUNDS_S, DURATION_BOUNDS_S

JOBS = Metric("jobledger_jobs", "gauge", "Jobs by state.", ("state",))
DUE = Metric("jobledger_due_jobs", "gauge", "Scheduled jobs whose time has come.")
OLDEST_DUE = Metric(
    "jobledger_oldest_due_age_seconds",
    "gauge",
    "For how long the job has been due that has waited longest; 0 where none is due.",
)
RUNNER_UP = Metric("jobledger_runner_up", "gauge", "Whether somebody runs the jobs of the ledger.")
UNKNOWN = Metric(
    "jobledger_outcome_unknown_jobs", "gauge", "Failed jobs of which nobody knows if they are out."
)
ATTEMPTS = Metric(
    "jobledger_attempts_total",
    "counter",
    "Attempts that have ended, by platform and how.",
    ("platform", "outcome"),
)
FAILURES = Metric(
    "jobledger_failures_total",
    "counter",
    "Attempts that have ended badly, by platform and class of error.",
    ("platform", "error"),
)
START_DELAY = Metric(
    "jobledger_start_delay_seconds",
    "histogram",
    "From the time that an attempt was due to its start.",
    bounds=DELAY_BOUNDS_S,
)
DURATION = Metric(
    "jobledger_attempt_duration_seconds",
    "histogram",
    "From the start of an attempt to its end, where its end is known.",
    bounds=DURATION_BOUNDS_S,
)
APPEND = Metric(
    "jobledger_append_seconds",
    "histogram",
    "How long writes to the log took, of this process alone.",
    bounds=APPEND_BOUNDS_S,
)
EVENTS = Metric("jobledger_events_total", "counter", "Events of the log, by type.", ("type",))
SEQ = Metric("jobledger_seq", "gauge", "The number of the last event of the log.")
LOG_BYTES = Metric("jobledger_log_bytes", "gauge", "Bytes of all lines of the log.")
DISK_FREE = Metric(
    "jobledger_disk_free_bytes", "gauge", "Free bytes on the file system of the ledger's directory."
)
VERIFIED_SEQ = Metric(
    "jobledger_verified_seq", "gauge", "The last event up to which the log was verified."
)
VERIFY_OK = Metric(
    "jobledger_verify_ok", "gauge", "Whether nothing was wrong when the log was verified last."
)
POISONED = Metric(
    "jobledger_poisoned", "gauge", "Whether a write of this process has failed, and none works."
)
SCHEDULE_NEXT = Metric(
    "jobledger_schedule_next_timestamp_seconds",
    "gauge",
    "When the next job that a schedule has made is due.",
)
MISFIRES = Metric(
    "jobledger_misfires_total",
    "counter",
    "Posts that a schedule did not make in time, by schedule.",
    ("schedule",),
)
TOKEN_EXPIRES = Metric(
    "jobledger_token_expires_timestamp_seconds",
    "gauge",
    "When the token of an account ends, as the publisher of this process knows.",
    ("account",),
)
BUILD_INFO = Metric("jobledger_build_info", "gauge", "The release; always 1.", ("version",))

METRICS = (
    JOBS, DUE, OLDEST_DUE, RUNNER_UP, UNKNOWN, ATTEMPTS, FAILURES, START_DELAY, DURATION, APPEND,
    EVENTS, SEQ, LOG_BYTES, DISK_FREE, VERIFIED_SEQ, VERIFY_OK, POISONED, SCHEDULE_NEXT, MISFIRES,
    TOKEN_EXPIRES, BUILD_INFO,
)  # fmt: skip
"""All of them, in the order in which they are told."""
