"""A life: a site and the truth about it; how its processes run and crash; what must be true of it at any time.

machine.py has what happens in it.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path

from hypothesis.stateful import RuleBasedStateMachine, invariant

from journal.errors import JournalFull, JournalUnusable
from tests.delivery.crash import Crash, Watch
from tests.delivery.server import ModelInflux
from tests.delivery.site import Site, quiet
from tests.delivery.truth import File, Taken, Truth
from uploader.drain.drain import Step

START_MS = 1_767_225_600_000  # 2026
MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of its own is made there
"""Where a sync costs nothing: what a power cut leaves on a disk is what tests/reliability is about."""

STEPS_AT_MOST = 150
FRUITLESS_AT_MOST = 64
"""Requests in a row without a wait, after which nothing is settled: eight suspects, each halved to the end."""
WITHOUT_ROOM_SECONDS = 60
"""What drain/loop.py waits when uploader.db cannot be written."""

TALLY: Counter[str] = Counter()
"""What was tried so far."""


@cache
def model_influx() -> ModelInflux:
    """One for all examples, started when first asked for."""
    return ModelInflux()


class Life(RuleBasedStateMachine):
    """The state that all rules share."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.data = self.directory / "data"
        self.data.mkdir()
        self.now_ms = START_MS
        self.boot_ms = START_MS
        self.boots = self.stretches = 1
        self.is_sure = False
        self.scale = 1
        self.count = 0
        self.names = count(1)
        self.truth = Truth()
        self.file = File()
        self.others: list[tuple[Path, File]] = []
        self.backups: list[tuple[Path, File]] = []
        self.damaged: list[tuple[Path, File]] = []
        self.replaced: list[File] = []
        self.ring: dict[str, int] = {}
        self.parcels: list[tuple[Path, File]] = []
        self.before_append: File | None = None
        self.armed: int | None = None
        self.fruitless = self.settled = 0
        self.server = model_influx()
        self.server.reset(lambda: self.now_ms)
        self.watch = Watch()
        self.watch.__enter__()
        self.site = Site(self.data, self.server.target, self.watch, lambda: self.now_ms, "home")
        self.site.start_logger(self.stretch)
        self.site.start_uploader()

    def close(self) -> None:
        TALLY.update(lives=1, readings=self.count, requests=self.server.requests)
        self.site.kill_logger()
        self.site.kill_uploader()
        self.watch.__exit__()
        shutil.rmtree(self.directory)

    @property
    def stretch(self) -> str:
        return f"boot-{self.boots}" + (f"+{self.stretches}" if self.stretches > 1 else "")

    # How its processes run

    def _taken(self, number: int) -> Taken:
        return self.truth.taken[1 + number % len(self.truth.taken)]

    def _is_reading(self, number: int) -> bool:
        return self.truth.taken[number].measurement == "solar"

    def _run(self, process: str, action: Callable[[], object]) -> bool:
        """Let a process do something; False when it crashed, and was started again."""
        if self.armed is not None:
            self.watch.crash, self.armed = (process, self.armed), None
        try:
            with self.watch.process(process), quiet():
                action()
        except Crash:
            TALLY["crashes"] += 1
            if process == "logger":
                self.site.kill_logger()
                self.site.start_logger(self.stretch)
            elif process == "uploader":
                self.site.kill_uploader()
                self.site.start_uploader()
            else:
                self.watch.end(process)
            return False
        finally:
            self.watch.crash = None
        return True

    def _change(self, process: str, action: Callable[[], object], then: File, is_partial: bool = False) -> None:
        """Let a process change the journal. Where it crashes, or does a part, each reading is as before or as then."""
        before, self.before_append = self.file, None
        done = self._run(process, action)
        self.file = then
        if is_partial or not done:
            rows = self.site.contents()
            for number in before.rows.keys() | then.rows.keys() | rows.keys():
                states = (before.rows.get(number), then.rows.get(number))
                assert rows.get(number) in states, f"reading {number} is {rows.get(number)}, which is none of {states}"
            self.file = replace(then, rows=rows, anchored=frozenset(self.site.anchored()))
            self.truth.owed |= {number for number in before.released - rows.keys() if self._is_reading(number)}
        self.truth.note(self.file)
        if not done and process == "logger":  # after a person, the logger is started first
            self._anchor_again()

    def _replace(self, action: Callable[[], None], file: File, is_running: bool) -> None:
        """Another file takes the journal's place."""
        self.site.stop_logger()
        if not is_running:
            self.site.stop_uploader()
        action()
        self.file, self.before_append = file, None
        self.site.start_logger(self.stretch)
        if not is_running:
            self.site.start_uploader()
        self._anchor_again()

    def _start_again(self) -> None:
        self.boots += 1
        self.stretches = 1
        self.is_sure = False
        self.now_ms += 60_000
        self.boot_ms = self.now_ms
        self.site.start_logger(self.stretch)
        self.site.start_uploader()

    def _anchor_again(self) -> None:
        """A logger that was started again knows the time as soon as it looks."""
        if self.is_sure:
            self._anchor()

    def _anchor(self) -> None:
        uptime_ms, now_ms = self.now_ms - self.boot_ms, self.now_ms
        self._change("logger", lambda: self.site.know_time(uptime_ms, now_ms), self.file.knowing(self.stretch))

    # What must be true

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert not (found := self.truth.wrongs(self.server)), "\n".join(found)

    def _judge(self, files: list[File], when: str) -> None:
        letters = set(self.site.letters())
        for number in letters:
            assert self.server.may_condemn(number), f"reading {number} is a dead letter and nothing was wrong with it"
        blamed = {n for n, it in self.truth.taken.items() if self.server.has_against(n, it.measurement, it.time_ms)}
        lacks = self.truth.lacks(self.server, files, but=letters | blamed)
        assert not lacks, when + ":\n" + "\n".join(lacks)
        self.nothing_is_wrong()

    def _drain(self) -> None:
        """Some minutes in which the network is well, or hours where something keeps failing."""
        self.armed = None
        began_ms, settled = self.now_ms, self.settled
        for _ in range(STEPS_AT_MOST):
            self._run("uploader", self._step)
            minutes = (self.now_ms - began_ms) / 60_000
            if minutes > 360 or (minutes > 3 and not self.site.pending()):
                break
        most = 10 + 2 * (len(self.file.rows) + len(self.site.letters()))
        assert self.settled - settled <= most, f"{self.settled - settled} records settled, of {most} at most"

    def _step(self) -> None:
        requests, expired = self.server.requests, self.site.expired
        try:
            step = self.site.step()
        except JournalFull:
            step = Step(WITHOUT_ROOM_SECONDS)
        except JournalUnusable as error:
            if "removed or replaced" not in str(error):
                raise
            self.watch.is_full = False  # systemd starts it again, which waits for room
            self.site.kill_uploader()
            self.site.start_uploader()
            step = Step(1)
        self.now_ms += int(step.wait_seconds * 1000) + 1
        self.server.is_known |= self.server.has_succeeded
        self.settled += step.sent + step.refused
        is_fruitless = not (step.wait_seconds or step.sent or step.refused or self.site.expired > expired)
        self.fruitless = self.fruitless + self.server.requests - requests if is_fruitless else 0
        assert self.fruitless <= FRUITLESS_AT_MOST, f"{self.fruitless} requests in a row without a wait or a result"
