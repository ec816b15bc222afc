"""What comes of a reading on a damaged line: wrong and missing values, exchanges, seconds; each kind and rate.

python -m tests.logger.damage [EXCHANGES [DAMAGE…]]: prints the table of docs/reliability.md, or only these kinds of
damage ("a byte lost"). Time is virtual, the seed fixed.

The rate is the share of exchanges that are damaged, each once. The regulator lives as at a site: voltage and currents
change every second, counters and extremes now and then. On a damaged line somebody sets its clock before every tenth
reading, so that hour and minute end during the reading. A value is wrong when its register did not hold it at any
moment of the reading; a counter, when both its bytes did not make it. It is old when its register did so since the
reading before began: what has long been the same is read once, and damage may have made just the same of it.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random

from journal.errors import RegulatorError
from journal.reading import Reading
from logger.regulator.registers import COUNTERS, by_address, decode
from tests.logger.bench import RAM, Bench

RATES = (0.0, 0.005, 0.01, 0.03, 0.1, 0.2)
EXCHANGES = 100_000
INTERVAL_SECONDS = 10.0
READINGS_A_CLOCK = 10
HOUR_SECONDS = 360
"""Its hours count tenths: the byte changes every six minutes."""
QUANTITIES = tuple(
    name
    for name, value in vars(Reading).items()
    if name.endswith(("_volts", "_amps", "_amp_hours", "_percent", "_celsius"))
    or name in ("regulator_state", "alarm", "load_disconnected", "generator_running", "solar_disconnected", "model")
)
# The sum of two values read one after the other need not be that of one moment; its parts are checked.
SUMS = ("charge_amps", "load_amps", "charge_amp_hours", "load_amp_hours")


@dataclass
class Outcome:
    """Of all readings together."""

    readings: int = 0
    failed: int = 0
    exchanges: int = 0
    wrong: int = 0
    old: int = 0
    missing: int = 0
    seconds: float = 0.0
    examples: list[str] = field(default_factory=list)


class Site(Bench):
    """A regulator that lives, behind a line that damages a share of the exchanges."""

    def __init__(self, damage: "Damage", rate: float, seed: int, *, has_shunts: bool = False) -> None:
        super().__init__()
        self.random = Random(seed)
        self.rate = rate
        self.ram[207] = 0b1100 if has_shunts else 0
        self.states: list[tuple[int, ...]] = [tuple(self.ram)]
        """What its memory held during the reading, and `earlier`, from the reading before on."""
        self.earlier: list[tuple[int, ...]] = []
        self._lived_until = self.seconds
        self.clock_ahead = 0.0
        self._damage = damage(self)
        self.before = lambda command, address: self.live()
        self.delay = lambda nth: self.random.uniform(0.07, 0.15) + self._damage.late_seconds
        self.to_pli = self._request
        self.to_us = self._damage.reply
        self.unasked = self._damage.unasked

    def _request(self, content: bytes) -> bytes:
        self._damage.begin(self.random.random() < self.rate)
        return self._damage.request(content)

    def live(self) -> None:
        """Whatever the regulator did in the seconds since it was last looked at."""
        while self._lived_until + 1 <= self.seconds:
            self._lived_until += 1
            self._second()
            self.states.append(tuple(self.ram))

    @property
    def clock(self) -> float:
        """The seconds that the regulator's clock has counted."""
        return self._lived_until + self.clock_ahead

    def set_clock(self) -> None:
        """Put it forward to some seconds before the next change of its hour, while it is read."""
        self.clock_ahead += HOUR_SECONDS - self.clock % HOUR_SECONDS - self.random.uniform(2, 6)

    def _second(self) -> None:
        ram, random = self.ram, self.random
        second = int(self.clock) % 86_400
        ram[48], ram[47], ram[46] = second // 360, second % 360 // 60, second % 60 // 2
        if second == 0:
            for counter in COUNTERS:
                ram[counter.low] = ram[counter.high] = 0
        shunts = ((205, 0, 200), (206, 0, 200)) if ram[207] else ()
        for address, low, high in ((50, 110, 150), (213, 0, 200), (217, 0, 200), (39, 0, 240), *shunts):
            if random.random() < 0.3:
                ram[address] = min(max(ram[address] + random.choice((-2, -1, 1, 2)), low), high)
        for address in (220, 232):
            ram[address] = random.randrange(256)
        for counter in COUNTERS:
            if random.random() < 0.005 and (self.ram[207] or "internal" in counter.name):
                total = ram[counter.low] + 256 * ram[counter.high] + 1
                ram[counter.low], ram[counter.high] = total % 256, total // 256
        for address, values in ((52, range(20, 30)), (53, range(70, 90)), (181, range(60, 100)), (101, range(4))):
            if random.random() < 0.001:
                ram[address] = random.choice(values)
        ram[182], ram[183] = max(ram[182], ram[50]), min(ram[183], ram[50])
        if second == 0:
            ram[182] = ram[183] = ram[50]
        if random.random() < 0.001:
            ram[115] ^= random.choice((1, 2, 16))


class Damage:
    """Does nothing. Each kind does something to an exchange that is `hit`."""

    late_seconds = 0.0

    def __init__(self, site: Site) -> None:
        self.random = site.random
        self.hit = False
        self._place = 0

    def begin(self, hit: bool) -> None:
        self.hit = hit
        self._place = self.random.randrange(6)

    def request(self, content: bytes) -> bytes:
        return self._at(content, self._place)

    def reply(self, content: bytes) -> bytes:
        return self._at(content, self._place - 4)

    def unasked(self) -> list[tuple[float, bytes]]:
        return []

    def byte(self, byte: int) -> bytes:
        return bytes([byte])

    def _at(self, content: bytes, place: int) -> bytes:
        if not self.hit or not 0 <= place < len(content):
            return content
        return content[:place] + self.byte(content[place]) + content[place + 1 :]


class Flipped(Damage):
    def byte(self, byte: int) -> bytes:
        return bytes([byte ^ 1 << self.random.randrange(8)])


class Garbled(Damage):
    def byte(self, byte: int) -> bytes:
        return bytes([byte ^ self.random.randrange(1, 256)])


class Lost(Damage):
    def byte(self, byte: int) -> bytes:
        return b""


class Doubled(Damage):
    def byte(self, byte: int) -> bytes:
        return bytes([byte, byte])


class Stray(Damage):
    """A byte from nowhere, at any moment."""

    def unasked(self) -> list[tuple[float, bytes]]:
        return [(self.random.uniform(0, 0.15), bytes([self.random.randrange(256)]))] * self.hit

    def byte(self, byte: int) -> bytes:
        return bytes([byte])


class Late(Damage):
    """A reply comes up to 4 s late: after its time-out, or after the loopback that should have found it."""

    def begin(self, hit: bool) -> None:
        super().begin(hit)
        self.late_seconds = self.random.uniform(0.3, 4.0) if hit else 0.0

    def byte(self, byte: int) -> bytes:
        return bytes([byte])


class LateInTwos(Damage):
    """Two old answers come before the answer: from then on the line is two answers behind."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._old = [b"\xc8\x00", b"\xc8\x00"]

    def reply(self, content: bytes) -> bytes:
        if len(content) == 2:
            self._old = [*self._old[1:], content]
        return content

    def request(self, content: bytes) -> bytes:
        return content

    def unasked(self) -> list[tuple[float, bytes]]:
        return [(0.02, self._old[0]), (0.04, self._old[1])] if self.hit else []


class Refused(Damage):
    """The PLI reports an error instead."""

    def request(self, content: bytes) -> bytes:
        return content

    def reply(self, content: bytes) -> bytes:
        return bytes([self.random.choice((5, 129, 130, 133, 134))]) if self.hit else content


class Mixed(Damage):
    """Any of the others, each time another one."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._kinds = [kind(site) for kind in KINDS.values() if kind is not Mixed]
        self._kind = self._kinds[0]

    def begin(self, hit: bool) -> None:
        self._kind = self.random.choice(self._kinds)
        self._kind.begin(hit)
        self.late_seconds = self._kind.late_seconds

    def request(self, content: bytes) -> bytes:
        return self._kind.request(content)

    def reply(self, content: bytes) -> bytes:
        return self._kind.reply(content)

    def unasked(self) -> list[tuple[float, bytes]]:
        return self._kind.unasked()


KINDS: dict[str, type[Damage]] = {
    "one bit flipped": Flipped,
    "a byte garbled": Garbled,
    "a byte lost": Lost,
    "a byte doubled": Doubled,
    "a stray byte": Stray,
    "a late reply": Late,
    "two old replies": LateInTwos,
    "an error code": Refused,
    "all of these": Mixed,
}


def measure(kind: type[Damage], rate: float, exchanges: int, *, has_shunts: bool = False, seed: int = 1) -> Outcome:
    """Read every ten seconds until so many exchanges were made."""
    site = Site(kind, rate, seed, has_shunts=has_shunts)
    regulator = site.regulator()
    regulator.read()
    outcome = Outcome()
    site.requests.clear()
    while outcome.exchanges < exchanges:
        site.seconds = (site.seconds // INTERVAL_SECONDS + 1) * INTERVAL_SECONDS
        site.live()
        if rate and outcome.readings % READINGS_A_CLOCK == 0:
            site.set_clock()
        site.earlier, site.states = site.states, site.states[-1:]
        began = site.seconds
        try:
            reading = regulator.read()
        except RegulatorError:
            outcome.failed += 1
        else:
            if reading is not None:
                outcome.readings += 1
                _judge(reading, site, began, outcome)
        outcome.seconds += site.seconds - began
        outcome.exchanges += sum(len(request) == 4 for request in site.requests)
        site.requests.clear()
    return outcome


def _judge(reading: Reading, site: Site, began: float, outcome: Outcome) -> None:
    site.live()
    for address, value in by_address(reading.raw).items():
        if address not in (46, 47, 48) and value not in (held := {state[address] for state in site.states}):
            _note(
                outcome, f"RAM {address}: {value}, not {held}", is_old=value in {old[address] for old in site.earlier}
            )
    now = _decoded(site.states[-1])
    outcome.missing += sum(getattr(reading, name) is None is not getattr(now, name) for name in QUANTITIES)
    unlike = [name for name in QUANTITIES if name not in SUMS and getattr(reading, name) is not None]
    for states, is_old in ((site.states, None), (site.earlier, True)):
        for state in reversed(states):
            if not unlike:
                break
            truth = _decoded(state)
            found = [name for name in unlike if getattr(reading, name) == getattr(truth, name)]
            unlike = [name for name in unlike if name not in found]
            for name in found if is_old else ():
                _note(outcome, f"{name}: {getattr(reading, name)} is old", is_old=True)
    for name in unlike:
        _note(outcome, f"{name}: {getattr(reading, name)}, not {getattr(now, name)}")
    clock, shown = reading.regulator_clock_seconds, (began + site.clock_ahead) % 86_400
    outcome.missing += clock is None
    if clock is not None and (clock - shown + 6) % 86_400 > site.seconds - began + 12:
        _note(outcome, f"clock: {clock}, not {shown}")


@lru_cache(maxsize=64)
def _decoded(state: tuple[int, ...]) -> Reading:
    return decode({address: state[address] for address in RAM}, time_ms=0, boot=0, uptime_ms=0)


def _note(outcome: Outcome, example: str, *, is_old: bool = False) -> None:
    outcome.old += is_old
    outcome.wrong += not is_old
    outcome.examples.append(example)


def table(exchanges: int, only: Sequence[str], tell: Callable[[str], None]) -> None:
    tell("| Damage | Share | Readings | Wrong values | Old values | Missing values | Failed | Exchanges | Seconds |")
    tell("|---|---|---|---|---|---|---|---|---|")
    for words, kind in {"none": Damage, "none, with shunts": Damage, **KINDS}.items():
        if only and words not in only:
            continue
        for rate in RATES[1:] if words in KINDS else RATES[:1]:
            made = measure(kind, rate, exchanges, has_shunts="shunts" in words)
            tries = made.readings + made.failed
            tell(
                f"| {words} | {rate:.1%} | {made.readings} | {made.wrong} | {made.old} | {made.missing} "
                f"| {made.failed} | {made.exchanges / tries:.1f} | {made.seconds / tries:.1f} |"
            )
            for example in made.examples[:3]:
                sys.stderr.write(f"  {example}\n")


if __name__ == "__main__":
    table(int(sys.argv[1]) if len(sys.argv) > 1 else EXCHANGES, sys.argv[2:], lambda line: print(line, flush=True))  # noqa: T201
