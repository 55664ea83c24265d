"""What hypothesis makes up for tests: any text, any metadata, jobs in any state."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from jobledger import (
    ImportedJob,
    JobPriority,
    JobStatus,
    Link,
    Media,
    MediaFile,
    Part,
    Poll,
    Post,
    ScheduledJob,
)
from jobledger.domain.job.doubt import Doubt
from jobledger.testing.strategies import json_values, metadata, platforms, texts

from .domain import NOON

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
values = json_values
past = st.timedeltas(timedelta(days=-40_000), timedelta(days=364)).map(lambda by: NOON + by)
awkward = st.sampled_from(
    ["", " ", '"', '""', "null", " padded ", "\r\n", "\r", "a\nb", "=1+1", ";", ",", "\t", "\ufeff"]
)
"""What a form of text may take for something else."""
optional_texts = st.none() | awkward | words


@st.composite
def jobs_elsewhere(draw: st.DrawFn, job_id: str = "j") -> ImportedJob:
    """Draw a job in any state that the lifecycle has, with a past of any kind."""
    doubt: dict[str, bool] = {}
    status = draw(st.sampled_from(JobStatus))
    settled = status in (JobStatus.COMPLETED, JobStatus.FAILED)
    state: dict[str, Any] = {
        "retry_count": draw(st.integers(0, 5)),
        "created_at": draw(st.none() | past),
        "started_at": draw(st.none() | past),
        "attempt": draw(st.integers(0, 9)),
        "reconcilable": draw(st.booleans()),
        "checkpoints": draw(st.dictionaries(st.sampled_from(["a", "sent at"]), values)),
    }
    if status is JobStatus.COMPLETED:
        state["completed_at"] = draw(past)
    else:
        doubt["may_be_out"] = draw(st.booleans())
    if status is JobStatus.FAILED:
        doubt["outcome_unknown"] = draw(st.booleans())
    if status is JobStatus.SCHEDULED:
        state["deferred_until"] = draw(st.none() | past)
    if not settled and draw(st.booleans()):
        doubt |= {"in_doubt": True, "exhausted": draw(st.booleans())}
        state["attempt"] = max(1, state["attempt"])
        state["doubted_attempt"] = draw(st.integers(0, state["attempt"]))
    for name in ("error", "thread_id", "status_message"):
        state[name] = draw(optional_texts)
    job = ScheduledJob(
        job_id=job_id,
        account_id=draw(texts),
        content=draw(texts | awkward.map(lambda text: text + "x" + text)),
        scheduled_time=draw(past),
        priority=draw(st.sampled_from(JobPriority)),
        status=status,
        platform=draw(platforms),
        max_retries=draw(st.integers(0, 5)),
        metadata=draw(metadata),
        publish_timeout_s=draw(st.none() | st.floats(0.001, 1e6)),
        doubt=Doubt.of(**doubt),
        **state,
    )
    return ImportedJob(job, draw(words), draw(st.none() | st.integers(1, 1000)))


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_names = _texts.map(lambda text: f"n{text}")
_files = st.builds(
    MediaFile,
    sha256=st.binary(min_size=32, max_size=32).map(bytes.hex),
    size=st.integers(0, 2**40),
    kind=st.sampled_from(["png", "jpeg", "gif", "webp", "mp4", "mov"]),
    width=st.integers(1, 9999),
    height=st.integers(1, 9999),
    seconds=st.none() | st.floats(0, 9999),
    frames=st.none() | st.integers(1, 99),
)
_media = st.builds(Media, _names, _texts, st.none() | _files)
_polls = st.builds(
    Poll,
    st.lists(_names, min_size=2, max_size=5, unique=True),
    st.integers(1, 9999),
    st.booleans(),
)
_parts = st.builds(
    Part,
    _names,
    st.lists(_media, max_size=3),
    st.none() | st.builds(Link, st.just("https://a.vn/ü"), _texts, _texts),
    st.none() | _polls,
    st.none() | _names,
)
posts = st.builds(
    Post,
    st.lists(_parts, min_size=1, max_size=3),
    st.none() | _names,
    st.none() | _names,
    st.none() | st.sampled_from(["vi", "pt-BR"]),
    st.none() | st.sampled_from(["public", "followers"]),
    st.dictionaries(_names, st.dictionaries(_names, _texts, max_size=2), max_size=2),
)
"""Posts that are acceptable wherever they go."""
