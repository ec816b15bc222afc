"""Dead letters that are retried, and what is left of a journal that another one has replaced."""

from dataclasses import replace

import pytest

from journal.reading import Reading
from journal.writer import JournalWriter
from tests.scripted_influx import ScriptedInflux, error
from tests.uploader.site import EPOCH_MS, Site, at, influx, times_of


def test_a_letter_is_delivered_when_its_cause_was_mended(site: Site) -> None:
    times = site.append(20)
    with ScriptedInflux(refuses=lambda line: line.endswith(str(times[5]))) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        site.run(drain)
        site.progress.dead_letters.retry()
        site.run(drain)
        (letter,) = site.progress.dead_letters.all()
        assert (letter.tries, letter.is_waiting) == (2, False)
        server.refuses = lambda line: False
        site.progress.dead_letters.retry()
        site.run(drain)
        assert server.times() == times
    assert site.progress.dead_letters.all() == []


def test_a_letter_is_delivered_from_its_copy_when_the_journal_no_longer_has_it(site: Site) -> None:
    times = site.append(20)
    with ScriptedInflux(refuses=lambda line: line.endswith(str(times[5]))) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        site.run(drain)
        site.journal.prune(site.progress.done.of("readings").ranges, EPOCH_MS * 2, 1000)
        assert site.journal.get("readings", 6) is None
        server.refuses = lambda line: False
        site.progress.dead_letters.retry()
        site.run(drain)
        assert server.times() == times


def swap_journal(site: Site, name: str = "home") -> None:
    """The logger sets the journal aside and begins another one."""
    site.journal.close()
    (site.directory / "journal.db").rename(site.directory / "journal-damaged-1.db")
    site.journal = JournalWriter.create(site.directory / "journal.db", name)
    site.journal.boot_number("boot")


def test_no_suspicion_outlives_a_journal(site: Site) -> None:
    """The ids under suspicion are other readings now, and held ones among them."""
    times = site.append(64)
    bad = at(times[50])
    with ScriptedInflux(refuses=lambda line: line.rsplit(" ")[-1] in bad, refusal="400") as server:
        with influx(server.target) as writer:
            drain = site.drain(writer)
            for _ in range(3):
                drain.drain_once()
            swap_journal(site)
            new = site.append(10)
            held = Reading(time_ms=EPOCH_MS + 10**9, boot=1, uptime_ms=1, battery_volts=1.0)
            site.journal.append_all([replace(held, uptime_ms=n) for n in range(50)], is_held=True)
            before = len(server.requests)
            drain.drain_once()
            assert times_of(server.requests[before]) == new
            site.run(drain)
        assert not [time for time in server.times() if time >= EPOCH_MS + 10**9]


def test_a_refusal_does_not_count_against_the_reading_of_the_same_id_in_another_journal(site: Site) -> None:
    """A reading that is refused twice is condemned: here it is two readings."""
    site.append(1)
    refusal = error(422, "partial write: field type conflict dropped=1")
    with ScriptedInflux([refusal] * 2) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        drain.drain_once()
        swap_journal(site)
        times = site.append(1)
        site.run(drain)
        assert server.times() == times
    assert site.progress.dead_letters.all() == []


def test_a_letter_of_another_journal_is_sent_as_itself_and_no_reading_of_the_same_id_in_its_place(site: Site) -> None:
    times = site.append(5)
    bad = at(times[2])
    with ScriptedInflux(refuses=lambda line: line.rsplit(" ")[-1] in bad) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        site.run(drain)
        (letter,) = site.progress.dead_letters.all()
        swap_journal(site, "cabin")
        new = [Reading(time_ms=time, boot=1, uptime_ms=time - EPOCH_MS, battery_volts=11.0) for time in times]
        site.journal.append_all(new, is_held=True)
        server.refuses = lambda line: False
        site.progress.dead_letters.retry()
        site.clock.now += 60
        site.run(drain)
        point = ("solar,model=PL80,site=home", times[2])
        assert server.points[point]["battery_volts"] == "25.0"
        assert len(server.points) == 5
    assert letter.line in server.requests[-1]
    assert site.progress.dead_letters.all() == []


@pytest.mark.parametrize(
    ("later_ms", "is_held", "volts"),
    [(0, False, "11.0"), (0, True, "25.0"), (1, False, "25.0")],
    ids=["the same point", "the same point, held", "the same id"],
)
def test_a_letter_is_sent_as_the_journal_has_its_point_now(
    site: Site, later_ms: int, is_held: bool, volts: str
) -> None:
    times = site.append(2)
    bad = at(times[1])
    with ScriptedInflux(refuses=lambda line: line.rsplit(" ")[-1] in bad) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        site.run(drain)
        swap_journal(site)
        here = Reading(time_ms=times[0], boot=1, uptime_ms=0, model="PL80", battery_volts=11.0)
        site.journal.append(here)
        site.journal.append(replace(here, time_ms=times[1] + later_ms, uptime_ms=10_000), is_held=is_held)
        server.refuses = lambda line: False
        site.progress.dead_letters.retry()
        site.clock.now += 60
        site.run(drain)
        assert server.points["solar,model=PL80,site=home", times[1]]["battery_volts"] == volts
    assert site.progress.dead_letters.all() == []
