"""Metrics as text: read by the parser of Prometheus's own client, whatever is in a label."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from jobledger.instrumentation import Histogram, Metric, Sample, prometheus_text

GAUGE = Metric("some_number", "gauge", 'Says "what"\\ it is.', ("label",))
TIMES = Metric("some_seconds", "histogram", "Times.", bounds=(0.5, 2.0))


@given(st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False)))
def test_every_label_and_every_number_comes_back(values: dict[str, float]) -> None:
    samples = [Sample(value, (label,)) for label, value in values.items()]
    (family,) = text_string_to_metric_families(prometheus_text([(GAUGE, samples)]))
    assert (family.name, family.type) == ("some_number", "gauge")
    assert {one.labels["label"]: one.value for one in family.samples} == values


def test_what_is_no_text_becomes_one() -> None:
    """Half a surrogate pair is in no UTF-8."""
    text = prometheus_text([(GAUGE, [Sample(1, ("a\ud800b",))])])
    assert 'label="a?b"' in text
    assert text.encode()


def test_a_histogram_adds_up_by_its_bounds() -> None:
    """A duration is under the first bound that it is not above."""
    times = Histogram.of(TIMES.bounds)
    for seconds in (0.1, 0.5, 0.50001, 2.0, 3.0):
        times.add(seconds, TIMES.bounds)
    (family,) = text_string_to_metric_families(prometheus_text([(TIMES, [Sample(times)])]))
    found = {one.name + one.labels.get("le", ""): one.value for one in family.samples}
    assert found == {
        "some_seconds_bucket0.5": 2,
        "some_seconds_bucket2": 4,
        "some_seconds_bucket+Inf": 5,
        "some_seconds_count": 5,
        "some_seconds_sum": pytest.approx(6.10001),
    }


def test_what_nothing_is_known_of_is_named_all_the_same() -> None:
    (family,) = text_string_to_metric_families(prometheus_text([(TIMES, [])]))
    assert (family.name, family.samples) == ("some_seconds", [])
