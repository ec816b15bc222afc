"""Many sites come back together, each with the real drain, to a real server behind a real limit on requests."""

import heapq
import json
import random
import resource
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.servers import FAR_FUTURE, VictoriaMetrics, nginx
from tests.uploader.site import Clock, Site, influx
from uploader.drain.loop import first_wait_seconds
from uploader.progress.state import State
from uploader.server.influx import Influx
from uploader.server.outcomes import Outcome, Unreachable

READINGS = 20
"""Of each site; all fit into one request."""
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
RETRY_AFTER = """
    error_page 429 = @busy;
    location @busy { add_header Retry-After 5 always; return 429; }
"""


class Counted:
    """A writer that counts what comes of its requests."""

    def __init__(self, writer: Influx, outcomes: Counter[str]) -> None:
        self._writer = writer
        self._outcomes = outcomes
        self.bytes_on_wire = 0

    def write(self, lines: Sequence[str]) -> Outcome:
        outcome = self._writer.write(lines)
        self.bytes_on_wire = self._writer.bytes_on_wire
        is_busy = isinstance(outcome, Unreachable) and "the server is busy" in outcome.reason
        self._outcomes["busy" if is_busy else type(outcome).__name__] += 1
        return outcome


@contextmanager
def limited(server: VictoriaMetrics, directory: Path, per_second: int, answer: str) -> Iterator[str]:
    """The server behind nginx, which refuses requests above a rate; `answer`: what it says then."""
    limit = "limit_req zone=all; " + ("limit_req_status 429;" if answer == "429" else "")
    locations = f"location / {{ {limit} proxy_pass {server.url}; }} {RETRY_AFTER if answer == '429' else ''}"
    http = f"limit_req_zone $server_port zone=all:64k rate={per_second}r/s; keepalive_timeout 0;"
    with nginx(directory, locations, http) as url:
        yield url


def stored(server: VictoriaMetrics, prefix: str) -> Counter[tuple[str, int]]:
    """How often the server was sent each reading, by site and time."""
    with urllib.request.urlopen(f"{server.url}/internal/force_flush", timeout=30):
        pass
    match = urllib.parse.quote(f'{{__name__="solar_battery_volts",site=~"{prefix}.*"}}')
    with urllib.request.urlopen(f"{server.url}/api/v1/export?match[]={match}&end={FAR_FUTURE}", timeout=60) as answer:
        series = [json.loads(each) for each in answer]
    return Counter((each["metric"]["site"], moment) for each in series for moment in each["timestamps"])


@pytest.mark.parametrize("answer", ["503", "429"], ids=["503 as nginx says it", "429 with Retry-After 5"])
@pytest.mark.parametrize(
    ("sites", "per_second", "speed"),
    [
        pytest.param(40, 20, 10, id="40 sites"),
        pytest.param(1000, 40, 2, id="1000 sites", marks=pytest.mark.long),
    ],
)
def test_after_a_power_cut_all_sites_deliver_everything_once(
    *,
    sites: int,
    per_second: int,
    speed: int,
    answer: str,
    victoria_metrics: VictoriaMetrics,
    tmp_path: Path,
    tally: Callable[[str], None],
) -> None:
    """`speed`: so many of the drains' seconds pass in one of ours, and of nginx's."""
    prefix = f"many-{sites}-{answer}-"
    outcomes: Counter[str] = Counter()
    delivered: list[float] = []
    expected: Counter[tuple[str, int]] = Counter()
    with (
        limited(victoria_metrics, tmp_path, per_second, answer) as url,
        tempfile.TemporaryDirectory(dir=MEMORY) as directory,
        ExitStack() as open_files,
    ):
        many_files(open_files, 12 * sites)
        target = VictoriaMetrics(url).target
        drains, clocks, queue = [], [], []
        for number in range(sites):
            site = open_files.enter_context(Site(made(Path(directory, str(number))), f"{prefix}{number}"))
            expected.update((site.name, moment) for moment in site.append(READINGS))
            site.journal.close()
            writer = Counted(open_files.enter_context(influx(target)), outcomes)
            drains.append(site.drain(writer))
            clocks.append(site.clock)
            queue.append((first_wait_seconds(State(last_upload_ms=0), 10**7, 60.0), number))
        heapq.heapify(queue)
        began = time.monotonic()
        while queue:
            due, number = heapq.heappop(queue)
            threading.Event().wait(max(due / speed - (time.monotonic() - began), 0))
            now = (time.monotonic() - began) * speed
            clocks[number].now = 1000 + now
            step = drains[number].drain_once()
            assert outcomes.total() <= 6 * sites
            if any(drains[number].pending().values()):
                heapq.heappush(queue, (now + step.wait_seconds, number))
            else:
                delivered.append(now)
    assert stored(victoria_metrics, prefix) == expected
    assert outcomes.keys() <= {"Sent", "busy"}
    assert outcomes["Sent"] == sites
    requests, needed_seconds = outcomes.total(), sites * speed / per_second
    tally(
        f"{sites} sites, {sites * READINGS} readings, {per_second / speed:g} requests a second taken, {answer}: "
        f"{requests} requests, {requests / sites:.1f} a site, {outcomes['busy'] / requests:.0%} refused; "
        f"half had delivered after {sorted(delivered)[sites // 2]:.0f} s, all after {max(delivered):.0f} s "
        f"(at least {needed_seconds:.0f} s); none lost, none sent twice"
    )
    assert max(delivered) <= 3 * needed_seconds + 120


def test_sites_that_all_were_told_to_come_back_in_30_seconds_do_not(tmp_path: Path) -> None:
    """The moments of the second attempt differ by seconds."""
    random.seed(1)  # fifty of other seeds may have ten tenths of a second in common
    moments = []
    for number in range(50):
        with Site(made(tmp_path / str(number))) as site:
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


def made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def many_files(stack: ExitStack, wanted: int) -> None:
    """Let this process have so many files open while the stack is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if wanted > hard != resource.RLIM_INFINITY:
        pytest.skip(f"needs {wanted} open files: ulimit -Hn is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
