"""Everything that happens to a site, in any order: after it, the server has each released record, once, and true.

    logger     append, event, day, read_ring, wait, know_time, doubt_time, date, rescale, redecode, prune
    uploader   upload, with whatever the server answers, with the logger at work in between, and on a full disk
    person     rename, back_up, copy_file, restore, swap, recover, replay, pack, carry, retry, drop, lose_uploader_db
    bad luck   power_cut, damage, lying_card, crash: the next process ends between two of its writes
    server     refuse, poison, forget (retention), conflict, limit; mend takes all that away

At every moment: nothing held was sent, nothing is stored twice, under another site or at another time. When all is
sent, and again when all is mended and sent: nothing is missing, all values are the last ones, and there is no dead
letter that the server has not condemned, in its own words or by failing at it alone while it takes others. And the
uploader never makes more than some requests without a wait or a result, nor sends the same again and again.
"""

import gzip
import sys
from collections.abc import Callable, Sequence
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.delivery.life import Life
from tests.delivery.server import FAULTS, GENERATIONS, POISONS, number_of
from tests.delivery.site import Kept
from tests.delivery.truth import File, Taken

INTERVAL_MS = 10_000
WAKING_MS = 1_750_000_000_000
"""What a clock without a battery shows at each start."""

ANSWERS: st.SearchStrategy[list[str]] = st.just([]) | st.lists(st.sampled_from([*FAULTS, "fine"]), max_size=8)
READINGS = st.integers(0, 30)
AT_WORK = (["append"], ["turn_clock", "append"], ["turn_clock", "date"], ["redecode"], ["prune"], ["day_again"])
MEANWHILE = st.none() | st.tuples(st.integers(0, 20), st.integers(1, 8), st.sampled_from(AT_WORK))


class Delivery(Life):
    """The rules. Each can also be called by name, which is how what was found is written down as a test."""

    def teardown(self) -> None:
        try:
            if sys.exception() is None:
                self.heal()
        finally:
            self.close()

    @initialize(generation=st.sampled_from(GENERATIONS), is_sure=st.booleans(), count=st.integers(0, 3))
    def begin(self, generation: str, is_sure: bool, count: int) -> None:
        self.server.generation = generation
        if is_sure:
            self.know_time()
        self.append(count)

    # The logger

    @rule(count=st.integers(1, 3), apart_ms=st.sampled_from([INTERVAL_MS, 700]))
    def append(self, count: int = 1, apart_ms: int = INTERVAL_MS) -> None:
        """Take readings: held while the clock is not known to be right."""
        for _ in range(count):
            kept = Kept(not self.is_sure, self.scale)
            self._record("solar", kept, partial(self.site.append, scale=self.scale), apart_ms)

    @rule()
    def event(self) -> None:
        """Something happens: held like a reading."""
        self._record("solar_event", Kept(not self.is_sure), self.site.append_event)

    def _record(self, measurement: str, kept: Kept, append: Callable[..., None], apart_ms: int = INTERVAL_MS) -> None:
        self.now_ms += apart_ms
        self.count += 1
        number, uptime_ms, before = self.count, self.now_ms - self.boot_ms, self.file
        self.truth.taken[number] = Taken(self.site.name, self.stretch, self.now_ms, measurement)
        shown_ms = WAKING_MS + uptime_ms if kept.is_held else self.now_ms
        self.site.remember()
        self._change(
            "logger",
            lambda: append(number, time_ms=shown_ms, uptime_ms=uptime_ms, is_held=kept.is_held),
            before.having({number: kept}),
        )
        self.before_append = before

    @rule(is_again=st.booleans(), which=READINGS)
    def day(self, is_again: bool = False, which: int = 0) -> None:
        """The regulator's record of a day; or `is_again`, a later one of some day, in place of the first."""
        self.now_ms += INTERVAL_MS
        self.count += 1
        number, rows = self.count, self.file.rows
        days = [each for each, kept in rows.items() if kept.date] if is_again else []
        old = days[which % len(days)] if days else 0
        date = rows[old].date if old else f"day {number}"
        taken = self.truth.taken[old] if old else Taken(self._site_at(self.now_ms), "", self.now_ms, "solar_day")
        self.truth.taken[number] = taken
        self.ring[date] = number
        self._store_day(number, date)

    @rule()
    def read_ring(self) -> None:
        """The regulator still has its days, and the logger stores those that the journal lacks; but those whose site no
        journal here tells (docs/reliability.md)."""
        dates = {kept.date for kept in self.file.rows.values()}
        for date, number in self.ring.items():
            taken = self.truth.taken[number]
            if date not in dates and self._site_at(taken.time_ms) == taken.site:
                self._store_day(number, date)

    def _store_day(self, number: int, date: str) -> None:
        before = self.file
        self.site.remember()
        self._change(
            "logger",
            lambda: self.site.append_day(number, self.truth.taken[number].time_ms, date),
            before.without(before.day_of(date)).having({number: Kept(date=date)}),
        )
        self.before_append = before

    def _site_at(self, time_ms: int) -> str:
        """That of the newest reading before then, in the journal or those that it took the place of; else the present
        one."""
        files = [self.file, *self.replaced, *(file for _, file in self.damaged)]
        readings = [self.truth.taken[n] for file in files for n in file.released if self._is_reading(n)]
        earlier = [each for each in readings if each.time_ms < time_ms]
        return max(earlier, key=lambda each: each.time_ms).site if earlier else self.site.name

    @precondition(lambda self: not self.is_sure)
    @rule()
    def know_time(self) -> None:
        """The clock becomes known to be right."""
        self.is_sure = True
        self._anchor()

    @precondition(lambda self: self.is_sure)
    @rule()
    def doubt_time(self) -> None:
        """Somebody sets the clock: a new stretch, held until it is known again."""
        self.stretches += 1
        self.is_sure = False
        self._run("logger", lambda: self.site.begin_stretch(self.stretch))

    @rule(limit=st.integers(1, 4))
    def date(self, limit: int = 1000) -> None:
        """Give held readings of a known boot their times; a few at once."""
        before = self.file
        numbers = [n for n, kept in before.rows.items() if self.truth.taken[n].boot in before.anchored]
        released = {n: Kept(False, before.rows[n].scale) for n in numbers}
        self._change("logger", lambda: self.site.date(limit), before.having(released), True)

    @rule()
    def rescale(self) -> None:
        """Another scale comes into force."""
        self.scale += 1

    @rule(limit=st.integers(1, 4))
    def redecode(self, limit: int = 1000) -> None:
        """Decode readings anew that have another scale; a few at once."""
        before = self.file
        rows = {n: Kept(kept.is_held, self.scale) for n, kept in before.rows.items() if self._is_reading(n)}
        self._change("logger", lambda: self.site.redecode(self.scale, limit), before.having(rows), True)

    @rule(keep=st.integers(0, 3))
    def prune(self, keep: int = 0) -> None:
        """Delete what was sent, but for the last few."""
        times = [self.truth.taken[number].time_ms for number in self.file.released if self._is_reading(number)]
        if times:
            before_ms = sorted(times)[-min(keep + 1, len(times))]
            old = {n for n in self.file.released if self.truth.taken[n].time_ms < before_ms}
            gone = {n for n in old if self._is_reading(n)}
            self._change("logger", lambda: self.site.prune(before_ms), self.file.without(gone), True)

    @rule(seconds=st.sampled_from([60, 3600]))
    def wait(self, seconds: int = 60) -> None:
        self.now_ms += seconds * 1000

    # The uploader

    @rule(steps=st.integers(1, 12), faults=ANSWERS, meanwhile=MEANWHILE, is_full=st.sampled_from([False] * 5 + [True]))
    def upload(
        self,
        steps: int = 1,
        faults: Sequence[str] = (),
        meanwhile: tuple[int, int, list[str]] | None = None,
        is_full: bool = False,
    ) -> None:
        """So many steps of the uploader, with these answers, and with or without room on the disk for its notes.

        `meanwhile`: after so many of its looks into the journal, and before each of so many more, the logger does this.
        """
        if not self.server.is_known:  # else nobody could tell this 204 from the server's
            faults = [name for name in faults if name != "portal 204"]
        self.server.faults = list(faults)
        if meanwhile and self.armed is None:
            looks, times, names = meanwhile
            self.watch.meanwhile = [lambda: None] * looks + [lambda: self._do_all(names)] * times
        self.watch.is_full = is_full
        for _ in range(steps):
            if not self._run("uploader", self._step):
                break
        self.watch.is_full = False
        self.watch.meanwhile.clear()
        self.server.faults.clear()

    def _do_all(self, names: Sequence[str]) -> None:
        for name in names:
            getattr(self, name)()

    def day_again(self) -> None:
        self.day(is_again=True)

    def turn_clock(self) -> None:
        """It becomes known to be right, or no more so."""
        if self.is_sure:
            self.doubt_time()
        else:
            self.know_time()

    # A person

    @rule()
    def rename(self) -> None:
        """SOLAR_SITE is changed, and both started again."""
        self.site.rename("hut" if self.site.name == "home" else "home", self.stretch)
        self._anchor_again()

    @rule()
    def back_up(self) -> None:
        copy, file = self.directory / f"backup-{len(self.backups)}.db", self.file.copy()
        if self._run("person", lambda: self.site.back_up(copy)):
            self.backups.append((copy, file))

    @rule()
    def copy_file(self) -> None:
        """A backup as people make it who do not know `solar backup`: with `cp`, while all is stopped."""
        copy, file = self.directory / f"copy-{len(self.backups)}.db", self.file.copy()
        self.site.stop_uploader()
        self.site.stop_logger()
        self.site.copy_file(copy)
        self.site.start_logger(self.stretch)
        self.site.start_uploader()
        self._anchor_again()
        self.backups.append((copy, file))

    @precondition(lambda self: self.backups)
    @rule(which=READINGS, is_running=st.booleans())
    def restore(self, which: int = 0, is_running: bool = False) -> None:
        """Put a backup in the journal's place; the uploader may be running all the while."""
        copy, file = self.backups[which % len(self.backups)]
        lost = self.data / f"journal-replaced-{next(self.names)}.db"
        self.replaced.append(self.file)

        def act() -> None:
            self.site.take_away(lost)
            self.site.put_back(copy, as_copy=True)

        self._replace(act, file, is_running)

    @rule(is_running=st.booleans())
    def swap(self, is_running: bool = False) -> None:
        """Take the journal away and put in the one that was taken away before, if there is one."""
        away, elsewhere = self.directory / f"away-{next(self.names)}.db", self.others[:1]
        file = self.file

        def act() -> None:
            self.site.take_away(away)
            for place, _ in elsewhere:
                self.site.put_back(place)

        self._replace(act, elsewhere[0][1] if elsewhere else File(), is_running)
        self.others = [*self.others[1:], (away, file)]

    @rule()
    def damage(self) -> None:
        """The journal is found damaged at a start of the logger, and set aside."""
        file = self.file
        self._replace(self.site.leave_damage, File(), is_running=True)
        (new,) = set(self.site.aside()) - {place for place, _ in self.damaged}
        self.damaged.append((new, file))

    @precondition(lambda self: self.damaged)
    @rule(which=READINGS)
    def recover(self, which: int = 0) -> None:
        """`solar recover`, again and again if somebody likes."""
        place, file = self.damaged[which % len(self.damaged)]
        self.site.stop_logger()
        self._change("person", lambda: self.site.recover(place), self.file.recovered(file))
        self.site.start_logger(self.stretch)
        self._anchor_again()

    @rule(is_running=st.booleans())
    def lose_uploader_db(self, is_running: bool = False) -> None:
        if not is_running:
            self.site.stop_uploader()
        self.site.lose_uploader_db()
        self.server.is_known = self.server.has_succeeded = False
        self.truth.owed &= set(self.server.places)  # what is not sent yet of what was pruned was in there
        if not is_running:
            self.site.start_uploader()

    @rule()
    def replay(self) -> None:
        self._run("person", self.site.replay)

    @rule()
    def pack(self) -> None:
        parcel = self.directory / f"parcel-{len(self.parcels)}.lp.gz"
        if self._run("person", lambda: self.site.pack(parcel)) and parcel.exists():
            self.parcels.append((parcel, self.file))

    @precondition(lambda self: self.parcels)
    @rule(which=READINGS, is_told=st.booleans())
    def carry(self, which: int = 0, is_told: bool = True) -> None:
        """Bring a parcel to the server, and give its receipt here; that is a must where readings were revised since, or
        another journal has come."""
        parcel, packed = self.parcels[which % len(self.parcels)]
        lines = gzip.decompress(parcel.read_bytes()).decode().splitlines()
        is_stale = any(self.file.rows.get(number) != packed.rows[number] for number in map(number_of, lines))
        is_stale |= packed.name != self.file.name
        if self.server.carry(lines) and (is_told or is_stale):
            while not self._run("person", lambda: self.site.receipt(parcel)):
                pass

    @rule()
    def retry(self) -> None:
        """Have all dead letters tried again."""
        self._run("person", self.site.retry_letters)

    @rule()
    def drop(self) -> None:
        """Forget all dead letters: what no journal has any more is gone."""
        self.truth.dropped |= set(self.site.letters())
        self._run("person", self.site.drop_letters)

    # Bad luck

    @rule(after=st.integers(0, 12))
    def crash(self, after: int = 0) -> None:
        """The next process ends between two of its writes."""
        self.armed = after

    @rule()
    def power_cut(self) -> None:
        self.site.kill_logger()
        self.site.kill_uploader()
        self._start_again()

    @precondition(lambda self: self.before_append)
    @rule()
    def lying_card(self) -> None:
        """A power cut, and the card never wrote the last append, of which it said that it had."""
        self.site.kill_logger()
        self.site.kill_uploader()
        self.site.lose_newest()
        before = self.before_append or self.file
        self.file, self.before_append = before, None
        self._start_again()

    # The server

    @rule(number=READINGS)
    def refuse(self, number: int) -> None:
        """InfluxDB cannot make sense of this reading."""
        self.server.unparsable.add(number)

    @rule(number=READINGS, fault=st.sampled_from(POISONS))
    def poison(self, number: int, fault: str) -> None:
        """Something on the way cannot bear this reading."""
        self.server.poison[number] = fault

    @precondition(lambda self: self.truth.taken)
    @rule(number=READINGS)
    def forget(self, number: int) -> None:
        """The bucket keeps nothing that is older than this reading."""
        self.server.keep_from(self._taken(number).time_ms)

    @precondition(lambda self: self.truth.taken)
    @rule(number=READINGS)
    def conflict(self, number: int) -> None:
        """A stranger has written an integer where this reading's float will go."""
        self.server.write_integer(self._taken(number).time_ms)

    @rule(size=st.none() | st.integers(200, 400))
    def limit(self, size: int | None) -> None:
        """A proxy takes no larger bodies."""
        self.server.largest_bytes = size

    @rule()
    def mend(self) -> None:
        self.server.cure()

    # What must be when all is sent

    @rule()
    def settle(self) -> None:
        """The network is well for some hours: all is sent but what something stands against."""
        self._drain()
        self._judge([self.file], "when all was sent")

    def heal(self) -> None:
        """All journals are put in place, one after the other, and sent; then all is mended, and the rest is sent."""
        self.armed = None
        for which in range(len(self.damaged)):
            self.recover(which)
        self._send_all("when all was sent")
        self.server.cure()
        has_expired, self.server.was_floor_ms = self.server.was_floor_ms > 0, 0
        self._send_all("when all was mended and sent", is_mended=True, has_expired=has_expired)

    def _send_all(self, when: str, *, is_mended: bool = False, has_expired: bool = False) -> None:
        files = []
        for place in range(len(self.others) + 1):
            if place:
                self.swap()
            self._work()
            if is_mended:
                self.retry()
            if has_expired:
                self.replay()
            self._drain()
            files.append(self.file)
            self._judge(files, when)
            left = [number for number in self.site.letters() if number in self.file.rows]
            assert not (left and is_mended), f"dead letters although nothing is refused any more: {left}"

    def _work(self) -> None:
        """What the logger does by itself, to the end."""
        self._anchor_again()
        self.date()
        self.redecode()
        left = [n for n, kept in self.file.rows.items() if self._is_reading(n) and kept.scale != self.scale]
        assert not left, f"readings that were never decoded anew: {left}"
