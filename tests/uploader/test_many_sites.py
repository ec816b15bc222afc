"""A thousand sites come back together, to one server that refuses above a rate; in a time that is simulated."""

import heapq
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.uploader.site import Clock, Site
from uploader.backoff import Backoff
from uploader.batch_size import BatchSize
from uploader.drain_loop import first_wait_seconds
from uploader.outcome import Outcome, Sent, Unreachable
from uploader.status import State

SITES = 1000
REQUESTS_PER_SECOND = 50
BACKLOG = 8640  # a day of readings at one in ten seconds


class BusyServer:
    """Takes so many requests a second and answers 503, asking to come back in `retry_after_seconds`, beyond that."""

    def __init__(self, retry_after_seconds: float | None) -> None:
        self.retry_after_seconds = retry_after_seconds
        self.taken: Counter[int] = Counter()
        self.asked: Counter[int] = Counter()
        self.is_down = True

    def answer(self, now: float) -> Outcome:
        second = int(now)
        self.asked[second] += 1
        if self.is_down:
            return Unreachable("connection refused")
        if self.taken[second] >= REQUESTS_PER_SECOND:
            return Unreachable("busy", retry_after_seconds=self.retry_after_seconds)
        self.taken[second] += 1
        return Sent()


def uploader(server: BusyServer, chance: random.Random, start: float) -> Iterator[float]:
    """One site: the time of each attempt until its backlog is sent. The drain's rules without its files."""
    backoff, size, left, now = Backoff(), BatchSize(), BACKLOG, start
    failures, failing_since = 0, start
    while left:
        yield now
        outcome = server.answer(now)
        if isinstance(outcome, Sent):
            left -= min(size.size, left)
            size, failures = size.sent(size.size, 0.2), 0
            now += 0.2
            continue
        assert isinstance(outcome, Unreachable)
        failures += 1
        failing_since = now if failures == 1 else failing_since
        now += backoff.seconds(failures, now - failing_since, outcome.retry_after_seconds, chance.random())


@pytest.mark.parametrize("retry_after_seconds", [None, 5.0], ids=["no Retry-After", "Retry-After 5 s"])
@pytest.mark.parametrize("outage", ["network", "power"])
def test_a_thousand_sites_spread_and_all_drain(outage: str, retry_after_seconds: float | None) -> None:
    chance = random.Random(1)
    server = BusyServer(retry_after_seconds)
    back_at = 1800.0 if outage == "network" else 0.0
    state = State(last_upload_ms=0)
    starts = [
        chance.random() * 60 if outage == "network" else first_wait_seconds(state, 10**7, 60.0, chance.random)
        for _ in range(SITES)
    ]
    sites = [uploader(server, chance, start) for start in starts]
    queue = [(next(site), number) for number, site in enumerate(sites)]
    heapq.heapify(queue)
    end = 0.0
    while queue:
        now, number = heapq.heappop(queue)
        server.is_down = now < back_at
        try:
            heapq.heappush(queue, (next(sites[number]), number))
        except StopIteration:
            end = max(end, now)
    needed = sum(server.taken.values()) / REQUESTS_PER_SECOND
    after = [count for second, count in server.asked.items() if second >= back_at]
    assert max(after) <= SITES / 2  # all at once they would ask five times a second each
    assert sum(after) <= 3 * sum(server.taken.values())
    assert end - back_at <= 2 * needed + 120


def test_sites_that_all_were_told_to_come_back_in_30_seconds_do_not(tmp_path: Path) -> None:
    """The real drain, fifty times: the moments of the second attempt differ by seconds."""
    moments = []
    for number in range(50):
        directory = tmp_path / str(number)
        directory.mkdir()
        with Site(directory) as site:
            site.append(1)
            writer = _Busy(site.clock)
            drain = site.drain(writer)
            for _ in range(4):
                site.clock.now += drain.drain_once().wait_seconds
            moments.append(site.clock.now)
            assert all(after - before >= 30 for before, after in zip(writer.at, writer.at[1:], strict=False))
    assert len({round(moment, 1) for moment in moments}) > 40


class _Busy:
    bytes_on_wire = 0

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.at: list[float] = []

    def write(self, lines: Sequence[str]) -> Outcome:
        self.at.append(self.clock.now)
        return Unreachable("busy", retry_after_seconds=30.0)
