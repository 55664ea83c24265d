"""Of two jobs with one text a publisher can tell whose a post is, where the ledger knows it."""

from __future__ import annotations

from pathlib import Path

from jobledger import Attempt, Ledger, ManualClock, PostResult, Scheduler


class Looking:
    """Posts, and is then told whether posts of these ids are those of other jobs."""

    def __init__(self, post_id: str, *ids: str, part: object = None) -> None:
        self._post_id, self._ids, self._part = post_id, ids, part
        self.said: list[bool] = []

    def publish(self, attempt: Attempt) -> PostResult:
        if self._part is not None:
            attempt.checkpoint("part", self._part)
        self.said = [attempt.is_of_another_job(each) for each in self._ids]
        return PostResult(True, thread_id=self._post_id)


def test_a_post_is_anothers_by_its_id_and_by_its_checkpoints(
    directory: Path, clock: ManualClock
) -> None:
    """Not one's own, not one of another account, and not what a checkpoint calls otherwise."""
    looking = Looking("3", "1", "1b", "1c", "before", "2", "3", "4", part={"id": "3"})
    with Scheduler(directory, clock=clock, durability="none") as scheduler:
        for account, publisher in (
            ("a", Looking("1", part={"id": "1b", "after": "before"})),
            ("a", Looking("1c", part="1c")),
            ("b", Looking("2")),
            ("a", looking),
        ):
            scheduler.add_job(account, "text", clock.now())
            assert scheduler.run_due(publisher) == 1
        assert looking.said == [True, True, True, False, False, False, False]


def test_what_another_handle_has_recorded_is_known(directory: Path, clock: ManualClock) -> None:
    """A person has resolved it while the attempt ran."""
    with Scheduler(directory, clock=clock, durability="none") as scheduler:
        unclear = scheduler.add_job("a", "text", clock.now(), max_retries=0)
        scheduler.run_due(lambda account_id, content: PostResult.unknown("?"))
        looking = Looking("2", "1")
        with Ledger(directory, clock=clock) as other:

            class Resolving:
                def publish(self, attempt: Attempt) -> PostResult:
                    other.resolve_job(unclear, posted=True, thread_id="1")
                    return looking.publish(attempt)

            scheduler.add_job("a", "text", clock.now())
            scheduler.run_due(Resolving())
        assert looking.said == [True]
