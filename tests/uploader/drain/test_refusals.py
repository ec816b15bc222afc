"""Which record a refusal is about: found by halving; what cannot be sent is kept as a dead letter."""

import random
from collections.abc import Sequence

import pytest

from journal.id_ranges import IdRanges
from journal.reading import Event
from tests.scripted_influx import Answer, ScriptedInflux, error, page
from tests.uploader.site import EPOCH_MS, Site, at, influx, times_of
from uploader.server.outcomes import Outcome, Sent, Unreachable


@pytest.mark.parametrize("refusal", ["422", "400", "400 partial"])
@pytest.mark.parametrize("bad", [0, 4321, 4999])
def test_one_bad_reading_among_5000_is_one_dead_letter_after_at_most_27_requests(
    bad: int, refusal: str, site: Site
) -> None:
    times = site.append(5000)
    with ScriptedInflux(refuses=lambda line: line.endswith(str(times[bad])), refusal=refusal) as server:  # type: ignore[arg-type]
        with influx(server.target) as writer:
            site.run(site.drain(writer))
        assert server.times() == times[:bad] + times[bad + 1 :]
        assert len(server.requests) <= 27
    (letter,) = site.progress.dead_letters.all()
    assert (letter.stream, letter.id, letter.time_ms) == ("readings", bad + 1, times[bad])
    assert letter.status == (422 if refusal == "422" else 400)
    assert site.progress.done.of("readings") == IdRanges(((1, 5000),))


def test_one_bad_reading_in_a_batch_of_5000_takes_at_most_27_requests(site: Site) -> None:
    times = site.append(5000)
    with ScriptedInflux(refuses=lambda line: line.endswith(str(times[3333])), refusal="400") as server:
        with influx(server.target) as writer:
            site.run(site.drain(writer, first_size=5000))
        assert len(server.requests[0]) == 5000
        assert len(server.requests) <= 27
        assert len(server.times()) == 4999


def test_new_readings_go_out_while_a_refused_batch_is_being_halved(site: Site) -> None:
    times = site.append(100)
    with (
        ScriptedInflux(refuses=lambda line: line.endswith(str(times[50])), refusal="400") as server,
        influx(server.target) as writer,
    ):
        drain = site.drain(writer)
        drain.drain_once()
        drain.drain_once()
        new = site.append(6)
        site.clock.now += 60
        drain.drain_once()
        assert times_of(server.requests[-1]) == new


def test_a_crash_while_halving_leaves_the_rest_pending(site: Site) -> None:
    times = site.append(100)
    with ScriptedInflux(refuses=lambda line: line.endswith(str(times[50])), refusal="400") as server:
        with influx(server.target) as writer:
            drain = site.drain(writer)
            for _ in range(5):
                drain.drain_once()
            site.restart()
            site.run(site.drain(writer))
        assert server.times() == times[:50] + times[51:]
    assert [letter.id for letter in site.progress.dead_letters.all()] == [51]


def test_a_reading_too_large_alone_is_a_dead_letter_and_the_others_go(site: Site) -> None:
    """The server takes 300 bytes, and this event is a novel. A proxy says so, so others must be taken meanwhile."""
    times = site.append(8)
    boot = site.journal.boot_number("boot")
    novel = "".join(chr(0x4E00 + n * 7) for n in range(1000))
    site.journal.append(Event(time_ms=EPOCH_MS, boot=boot, uptime_ms=1, kind="novel", message=novel))
    site.journal.append(Event(time_ms=EPOCH_MS + 1, boot=boot, uptime_ms=1, kind="short", message="ok"))
    with ScriptedInflux(largest_body_bytes=300) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        while not site.progress.dead_letters.count():
            site.clock.now += drain.drain_once().wait_seconds
            times += site.append(1)
        site.run(drain)
        assert server.times() == times
        assert server.times("solar_event") == [EPOCH_MS + 1]
    (letter,) = site.progress.dead_letters.all()
    assert (letter.stream, letter.id, letter.status) == ("events", 1, 413)
    assert letter.words == "the request is too large for the server or a proxy (413: 413 Request Entity Too Large)"


def error_500(line: str) -> Answer:
    return error(500, "internal error: index out of range", "internal error")


WAYS = {
    "500": error_500,
    "503": lambda line: error(503, "out of memory"),
    "502 of a proxy": lambda line: page(502, "Bad Gateway"),
    "403 of a proxy": lambda line: page(403, "Forbidden"),
    "400 of a proxy": lambda line: page(400, "Bad Request"),
    "reset": lambda line: Answer(trick="lose"),
    "422": lambda line: error(422, "partial write: field type conflict dropped=1"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("bad", [0, 60, 299])
def test_whatever_one_reading_does_to_the_server_the_others_go_and_it_becomes_a_dead_letter(
    site: Site, way: str, bad: int
) -> None:
    times = site.append(300)
    end = str(times[bad])
    with (
        ScriptedInflux(
            answers=lambda lines: WAYS[way](end) if any(line.endswith(end) for line in lines) else None
        ) as server,
        influx(server.target) as writer,
    ):
        drain = site.drain(writer)
        for _ in range(600):
            step = drain.drain_once()
            if step.wait_seconds:  # time passes, and brings readings
                times += site.append(1)
            site.clock.now += step.wait_seconds
            if site.progress.dead_letters.count():
                break
        site.run(drain)
        assert server.times() == times[:bad] + times[bad + 1 :]
    assert [letter.id for letter in site.progress.dead_letters.all()] == [bad + 1]


ALWAYS = {**WAYS, "401": lambda line: error(401, "unauthorized"), "413 of a proxy": lambda line: page(413, "Too Large")}
del ALWAYS["422"]


@pytest.mark.parametrize("way", ALWAYS)
def test_a_server_that_fails_all_the_time_makes_nothing_a_culprit(site: Site, way: str) -> None:
    times = site.append(250)
    with ScriptedInflux(answers=lambda lines: ALWAYS[way]("")) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        for _ in range(200):
            times += site.append(1)
            site.clock.now += drain.drain_once().wait_seconds
        server.answers = lambda lines: None
        before = len(server.requests)
        site.run(drain)
        assert server.times() == times
        assert len(server.requests) - before < 60
    assert site.progress.dead_letters.count() == 0
    assert site.progress.state().trouble is None


@pytest.mark.parametrize("way", ALWAYS)
def test_one_reading_alone_is_not_at_fault_while_nothing_else_is_taken(site: Site, way: str) -> None:
    times = site.append(1)
    with ScriptedInflux(answers=lambda lines: ALWAYS[way]("")) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        for _ in range(60):
            site.clock.now += drain.drain_once().wait_seconds
        server.answers = lambda lines: None
        site.run(drain)
        assert server.times() == times


def test_a_bad_reading_in_each_of_many_batches_blocks_nothing(site: Site) -> None:
    times = site.append(1500)
    bad = times[50::100]
    ends = at(*bad)
    with ScriptedInflux(refuses=lambda line: line.rsplit(" ")[-1] in ends, refusal="400") as server:
        with influx(server.target) as writer:
            drain = site.drain(writer)
            for _ in range(400):
                site.clock.now += drain.drain_once().wait_seconds
        assert server.times() == [time for time in times if time not in bad]
    assert sorted(each.time_ms for each in site.progress.dead_letters.all()) == bad


def test_after_three_dead_letters_in_a_row_it_pauses(site: Site) -> None:
    """Whoever refuses one after the other is not asked to refuse a year of readings in a minute."""
    site.append(20)
    with ScriptedInflux(refuses=lambda line: True, refusal="400") as server, influx(server.target) as writer:
        drain = site.drain(writer)
        while site.progress.dead_letters.count() < 3:
            step = drain.drain_once()
    assert step.wait_seconds > 200
    assert "one reading after another" in (site.progress.state().reason or "")


@pytest.mark.parametrize("seed", range(2))
def test_a_line_on_which_most_requests_break_condemns_no_reading(seed: int, site: Site) -> None:
    """A reading failed alone five times by chance, while others went through, and became a dead letter."""
    chance = random.Random(seed)

    class Broken:
        bytes_on_wire = 0

        def write(self, lines: Sequence[str]) -> Outcome:
            return Unreachable("connection reset", is_strained=True) if chance.random() < 0.7 else Sent()

    site.append(1000)
    drain = site.drain(Broken())
    for _ in range(1500):
        site.clock.now += drain.drain_once().wait_seconds + 0.3
    assert site.progress.dead_letters.count() == 0
