"""Boot stories: what happens to the computer's clock, and that nothing with a wrong time may ever be sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from journal.boots import Anchor
from journal.id_ranges import NONE
from journal.recovery import recover
from logger.clock import timekeeper
from tests.stories.computer import World, ms
from tests.stories.wrong_clocks import known_site

HOUR = 3600.0
DAY = 24 * HOUR


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.kill()


@pytest.fixture
def minutes(tmp_path: Path) -> Iterator[World]:
    """The same with a reading every minute."""
    world = World(tmp_path, interval=60.0)
    yield world
    world.kill()


def later_network(world: World) -> None:
    """The network comes after ten minutes, and an hour passes."""
    world.run(600)
    world.network()
    world.run(HOUR)
    world.finish_dating()
    world.check()


def test_network_from_the_start(world):
    world.power_on()
    world.network()
    world.run(DAY)
    assert world.held == 0
    assert world.kinds() == ["clock_trusted"]
    assert set(world.uncertainties()) == {0}


def test_network_after_an_hour(world):
    world.power_on()
    world.run(HOUR)
    assert world.held == world.appended
    assert world.journal.released("readings") == world.journal.released("events") == NONE
    world.network()
    world.run(HOUR)
    assert world.held == 0
    assert world.kinds() == ["clock_trusted"]
    assert len(world.uncertainties()) == world.appended


def test_no_network_for_a_week(world):
    world.power_on()
    world.run(7 * DAY)
    assert world.held == world.appended
    assert world.kinds() == []
    assert not world.journal.released("events")
    world.network()
    world.run(2 * HOUR)
    assert world.held == 0
    assert len(world.uncertainties()) == world.appended
    assert max(world.uncertainties()) == 31  # 50 millionths of a week
    assert world.uncertainties()[-1] == 0


def test_never_a_network(world):
    for _ in range(3):
        world.power_on()
        world.run(DAY)
        assert world.held == world.appended
        world.power_off(HOUR)


def test_a_start_without_network_between_two_with(world):
    known_site(world)
    world.power_on()
    world.run(5 * HOUR)
    world.power_off(3 * HOUR)
    world.power_on()
    later_network(world)
    assert world.held == 0
    assert max(world.uncertainties()) <= 30  # the regulator's clock ran on
    assert world.kinds() == ["clock_trusted", "clock_trusted", "boot_dated"]


def test_a_start_without_network_is_dated_by_the_first_reading_of_one_that_has_it_at_once(world):
    """Without that reading the regulator's clock would not be known afterwards."""
    known_site(world)
    world.power_on()
    world.run(5 * HOUR)
    world.power_off(3 * HOUR)
    world.power_on()
    world.kill()
    world.network()
    world.start()
    world.run(HOUR)
    assert world.held == 0
    assert max(world.uncertainties()) <= 30


def test_the_regulators_first_reading_is_waited_for(minutes):
    known_site(minutes)
    minutes.power_on()
    minutes.run(5 * HOUR)
    minutes.power_off(3 * HOUR)
    minutes.is_regulator_there = False
    minutes.power_on()
    minutes.network()
    minutes.run(300)
    minutes.is_regulator_there = True
    minutes.run(HOUR)
    assert minutes.held == 0
    assert max(minutes.uncertainties()) <= 30


def test_two_starts_without_network(world):
    known_site(world)
    for _ in range(2):
        world.power_on()
        world.run(7 * HOUR)
        world.power_off(1 * HOUR)
    world.power_on()
    later_network(world)
    assert world.held == 0
    assert max(world.uncertainties()) <= 60


def test_a_start_without_network_somewhere_in_a_month(world):
    """The regulator's clock gives the time of day, but on which day it was, nobody knows."""
    known_site(world)
    world.power_off(9 * DAY)
    world.power_on()
    world.run(3 * HOUR)
    world.power_off(17 * DAY)
    world.power_on()
    later_network(world)
    assert world.held == 0
    assert 10 * DAY < max(world.uncertainties()) < 15 * DAY
    dated = [boot.anchor for boot in world.journal.boots()][1]
    days = (dated.time_ms - ms("2026-12-11T19:30:00")) / 86_400_000
    assert abs(days - round(days)) < 0.1


def test_a_week_without_network_between_cuts_is_dated_to_the_minute(world):
    """What fits between two trusted times is on one day only."""
    known_site(world)
    world.power_on()
    world.run(7 * DAY)
    world.power_off(5 * HOUR)
    world.power_on()
    later_network(world)
    assert world.held == 0
    assert max(world.uncertainties()) <= 90


def test_the_regulators_clock_was_reset_meanwhile(world):
    known_site(world)
    world.power_on()
    world.run(5 * HOUR)
    world.reset_regulator()
    world.power_off(3 * HOUR)
    world.power_on()
    later_network(world)
    assert world.held == 0
    assert HOUR < max(world.uncertainties()) < 4 * HOUR


def test_the_regulators_clock_was_reset_during_the_start_without_network(world):
    known_site(world)
    world.power_on()
    world.run(2 * HOUR)
    world.reset_regulator()
    world.run(2 * HOUR)
    world.power_off(3 * HOUR)
    world.power_on()
    later_network(world)
    assert world.held == 0
    assert max(world.uncertainties()) > HOUR


def test_a_regulator_that_was_silent_all_the_time(world):
    known_site(world)
    world.is_regulator_there = False
    world.power_on()
    world.run(2 * HOUR)
    world.power_off(HOUR)
    world.power_on()
    world.run(600)
    world.network()
    world.run(2 * HOUR)
    assert world.held == 0
    assert not world.journal.held("events")
    assert world.kinds()[-1] == "boot_dated"


def test_the_first_starts_ever_had_no_network(world):
    for _ in range(3):
        world.power_on()
        world.run(DAY)
        world.power_off(5 * HOUR)
    world.power_on()
    later_network(world)
    assert world.held == 0
    assert max(world.uncertainties()) > 30 * DAY
    newest = [boot.anchor.time_ms for boot in world.journal.boots()]
    assert newest == sorted(newest)


def test_the_computer_is_carried_home_and_has_network_there_but_no_regulator(minutes):
    known_site(minutes)
    minutes.power_on()
    minutes.run(DAY)
    minutes.power_off(2 * DAY)
    minutes.is_regulator_there = False
    minutes.power_on()
    minutes.network()
    minutes.run(300)
    minutes.finish_dating()
    assert minutes.held > 0
    minutes.run(HOUR)
    assert minutes.held == 0


def test_the_network_goes_and_days_later_comes_back(world):
    """40 days at 30 millionths are 104 s: no reading is held for a step that the drift explains."""
    world.power_on()
    world.network()
    world.run(DAY)
    world.offline()
    world.run(40 * DAY)
    assert world.held == 0
    assert max(world.uncertainties()) == 173
    world.network()
    world.run(HOUR)
    assert world.held == 0
    assert world.kinds() == ["clock_trusted", "clock_stepped"]
    assert world.uncertainties()[-1] == 0


def test_a_start_without_network_after_a_clock_that_had_drifted_for_weeks(world):
    """What lies between two power cuts is narrow, but its beginning is not certain."""
    world.power_on()
    world.network()
    world.run(HOUR)
    world.offline()
    world.run(40 * DAY)
    world.interval = 5.0
    world.run(30)
    world.power_off(10)
    world.power_on()
    world.run(HOUR)
    world.power_off(10)
    world.power_on(after=5)
    world.network()
    world.run(2 * HOUR)
    assert world.held == 0
    assert world.kinds()[-1] == "boot_dated"
    assert max(world.uncertainties()) < 300


def test_the_logger_is_restarted_long_after_the_network_went(world):
    world.power_on()
    world.network()
    world.run(DAY)
    world.offline()
    world.run(2 * DAY)
    for end in (world.stop, world.kill):
        end()
        world.start()
        world.run(DAY)
        assert world.held == 0
    assert world.uncertainties()[-1] > 10


def test_a_logger_that_ends_writes_down_when_the_time_was_last_certain(world):
    world.power_on()
    world.network()
    world.run(5 * HOUR)
    uptime_ms = world.uptime_ms
    world.stop()
    world.start()
    assert world.journal.boots()[0].anchor.uptime_ms == pytest.approx(uptime_ms, abs=601_000)


def test_a_certain_clock_that_is_set_back_by_a_second_does_not_put_events_out_of_order(world):
    world.power_on()
    world.network()
    world.tick()
    for _ in range(5):
        world.event("before")
        world._pass(0.2)
        world.set_wall(-0.9)
        world.tick()
        world.event("after")
    world.check()
    assert world.kinds().count("after") == 5


@pytest.mark.parametrize("is_online", [True, False])
def test_small_steps_of_a_certain_clock_are_not_forgotten_when_the_logger_is_killed(minutes, is_online):
    """Each is too small to be a step; after the restart, times would fall back by all of them."""
    minutes.power_on()
    minutes.network()
    minutes.run(600)
    minutes.is_lied_to = True
    for _ in range(4):
        minutes.set_wall(1.5)
        minutes.run(180)
    minutes.tick()
    minutes.kill()
    if not is_online:
        minutes.offline()
    minutes.start()
    minutes.tick()
    minutes.check()
    assert minutes.kinds() == ["clock_trusted"]


def test_a_hardware_clock_that_nobody_is_known_to_have_set(world):
    """It may have drifted since this program was released."""
    world.wall_ms = world.true_ms + 2_000_000
    world.hardware_clock()
    world.power_on()
    world.run(DAY)
    assert world.held == 0
    assert 2000 < world.uncertainties()[-1] < 3300


def test_a_hardware_clock_that_has_drifted_since_the_last_network(world):
    known_site(world)
    world.power_off(30 * DAY)
    world.wall_ms = world.true_ms + 200_000
    world.hardware_clock()
    world.power_on()
    world.run(DAY)
    assert world.held == 0
    assert 200 < world.uncertainties()[-1] < 300


def test_a_hardware_clock_without_its_battery(world):
    """A Raspberry Pi 5: hctosys is 1, but the time is that of the last shutdown."""
    known_site(world)
    world.hardware_clock(shows=12_000)
    world.power_on()
    world.run(HOUR)
    held = world.held
    assert held > 0
    later_network(world)
    assert world.held == 0


def test_a_hardware_clock_that_shows_1970(world):
    world.hardware_clock(shows=1)
    world.power_on(wall="1970-01-01")
    world.run(HOUR)
    assert world.held == world.appended
    assert world.kinds() == ["clock_refused"]


def test_a_hardware_clock_that_is_behind_the_last_reading(world):
    known_site(world)
    world.set_wall(-DAY)
    world.hardware_clock()
    world.power_on()
    world.run(HOUR)
    assert world.held > 0
    assert world.kinds()[-1] == "clock_refused"
    later_network(world)
    assert world.held == 0


def test_a_hardware_clock_an_hour_slow_is_put_right_by_the_network(minutes):
    """What it said was believed and sent; from the correction on times are right, and none was held for good."""
    minutes.is_lied_to = True
    minutes.wall_ms = minutes.true_ms - HOUR * 1000
    minutes.hardware_clock()
    minutes.power_on()
    minutes.run(HOUR)
    minutes.is_lied_to = False
    minutes.network()
    minutes.run(240)
    assert minutes.held == 4
    minutes.run(HOUR)
    assert minutes.held == 0
    assert minutes.kinds() == ["clock_trusted", "clock_stepped", "clock_stepped"]


def test_a_hardware_clock_an_hour_fast_is_put_right_by_the_network(minutes):
    """Truth and order are at odds: a new stretch of the boot begins, within which times do not run backwards."""
    minutes.is_lied_to = True
    minutes.wall_ms = minutes.true_ms + HOUR * 1000
    minutes.hardware_clock()
    minutes.power_on()
    minutes.run(HOUR)
    minutes.is_lied_to = False
    minutes.network()
    minutes.run(2 * HOUR)
    assert minutes.held == 0
    assert [boot.name for boot in minutes.journal.boots()] == ["boot-1", "boot-1+2"]


@pytest.mark.parametrize("seconds", [-HOUR, -3, 3, HOUR, 10 * 365 * DAY])
def test_somebody_sets_a_trusted_clock_wrong(minutes, seconds):
    """The kernel does not count itself as synchronised then: the boot clock goes on."""
    minutes.power_on()
    minutes.network()
    minutes.run(HOUR)
    minutes.offline()
    minutes.set_wall(seconds)
    minutes.run(6 * HOUR)
    assert minutes.held == 0
    assert minutes.kinds() == ["clock_trusted", "clock_stepped"]
    minutes.network()
    minutes.run(HOUR)
    assert minutes.held == 0
    assert minutes.kinds() == ["clock_trusted", "clock_stepped", "clock_refused"]
    walls = [reading.wall_ms for reading in minutes.journal.records("readings", 1, 1000)]
    assert sum(wall is not None for wall in walls) == 6 * 60


@pytest.mark.parametrize("wall", ["2036-02-07T06:28:16", "2026-12-01T12:00:00", "2046-07-18", "1970-01-01"])
def test_a_synchronised_clock_jumps_and_comes_back(minutes, wall):
    minutes.power_on()
    minutes.network()
    minutes.run(HOUR)
    minutes.set_wall(wall)
    minutes.run(180)
    minutes.network()
    minutes.run(HOUR)
    assert minutes.held == 0
    assert minutes.kinds() == ["clock_trusted", "clock_stepped", "clock_refused"]


@pytest.mark.parametrize("is_trusting", [False, True])
@pytest.mark.parametrize("wall", ["2046-07-18", "1970-01-01"])
def test_an_absurd_time_is_never_followed_however_long_it_lasts(minutes, wall, is_trusting):
    minutes.is_trusting = is_trusting
    minutes.wall_ms = minutes.true_ms
    minutes.power_on()
    minutes.network()
    minutes.run(HOUR)
    minutes.set_wall(wall)
    minutes.run(HOUR)
    assert minutes.held == 0
    assert minutes.kinds()[-1] == "clock_stepped"
    minutes.network()
    minutes.run(600)
    assert minutes.kinds()[-1] == "clock_refused"


def test_a_synchronised_clock_jumps_and_jumps_again(minutes):
    minutes.power_on()
    minutes.network()
    minutes.run(HOUR)
    for seconds in (4000, 9000, -5000):
        minutes.set_wall(seconds)
        minutes.run(240)
    minutes.network()
    minutes.run(HOUR)
    assert minutes.held == 0


def test_a_synchronised_clock_jumps_and_is_no_longer_synchronised(minutes):
    minutes.power_on()
    minutes.network()
    minutes.run(HOUR)
    minutes.set_wall(5000)
    minutes.run(120)
    minutes.offline()
    minutes.run(HOUR)
    assert minutes.held == 0
    assert minutes.kinds() == ["clock_trusted", "clock_stepped", "clock_refused"]


def test_a_time_server_that_is_in_2036_for_a_minute_at_the_start(minutes):
    known_site(minutes)
    minutes.power_on()
    minutes.is_synchronised = True
    minutes.set_wall("2036-02-07T06:28:16")
    minutes.run(240)
    assert minutes.held == 4
    minutes.network()
    minutes.run(HOUR)
    assert minutes.held == 0
    assert minutes.kinds() == ["clock_trusted", "clock_refused", "clock_trusted"]


def test_it_really_is_2036(world):
    known_site(world)
    world.true_ms = float(ms("2036-02-07T06:00:00"))
    world.power_on()
    world.network()
    world.run(DAY)
    assert world.held == 0


def test_it_is_more_than_15_years_later(world):
    world.power_on()
    world.is_synchronised = True
    world.set_wall("2041-06-01")
    world.run(HOUR)
    assert world.held == world.appended
    assert world.kinds() == ["clock_refused"]


def test_a_synchronised_kernel_in_1970(world):
    world.is_synchronised = True
    world.power_on(wall="1970-01-01")
    world.is_synchronised = True
    world.run(HOUR)
    assert world.held == world.appended
    assert world.kinds() == ["clock_refused"]
    world.network()
    world.run(HOUR)
    assert world.held == 0


def test_suspended_for_a_night(minutes):
    minutes.power_on()
    minutes.network()
    minutes.run(HOUR)
    minutes.offline()
    minutes.suspend(9 * HOUR)
    minutes.run(HOUR)
    assert minutes.held == 0
    assert minutes.kinds() == ["clock_trusted"]


def test_a_container_whose_kernel_answers(world):
    """Nothing of the host's /sys and /run: the kernel is the same."""
    world.rtc.rmdir()
    world.power_on()
    world.network()
    world.run(DAY)
    assert world.held == 0
    world.rtc.mkdir()


def test_a_container_that_may_ask_nobody(world):
    world.power_on()
    world.network()
    world.is_synchronised = None
    world.run(DAY)
    assert world.held == world.appended


def test_a_person_says_so_while_the_logger_runs(world):
    world.power_on()
    world.run(DAY)
    world.wall_ms = world.true_ms
    world.person()
    world.run(HOUR)
    assert world.held == 0
    assert world.kinds() == ["clock_trusted"]
    assert list(world.directory.glob("clock-trust*")) == []


def test_a_person_says_so_after_a_wrong_setting_was_not_followed(minutes):
    minutes.is_lied_to = True
    minutes.wall_ms = minutes.true_ms - HOUR * 1000
    minutes.hardware_clock()
    minutes.power_on()
    minutes.run(HOUR)
    minutes.wall_ms = minutes.true_ms
    minutes.run(HOUR)
    minutes.is_lied_to = False
    minutes.person()
    minutes.run(HOUR)
    assert minutes.held == 0
    assert minutes.kinds() == ["clock_trusted", "clock_stepped", "clock_stepped"]


def test_what_a_person_said_in_an_earlier_boot_does_not_count(world):
    world.power_on()
    world.person()
    world.kill()
    world.power_off(HOUR)
    world.power_on()
    world.run(HOUR)
    assert world.held == world.appended


@pytest.mark.parametrize("wall", ["1970-01-01", "2041-06-01"])
def test_nor_does_a_person_who_says_something_absurd(world, wall):
    world.power_on(wall=wall)
    world.person()
    world.run(HOUR)
    assert world.held == world.appended
    assert world.kinds() == ["clock_refused"]


def test_trust_holds_nothing(minutes):
    minutes.is_trusting = True
    minutes.wall_ms = minutes.true_ms
    minutes.power_on()
    minutes.drift = 0
    minutes.run(DAY)
    minutes.power_off(HOUR)
    minutes.wall_ms = minutes.true_ms
    minutes.power_on()
    minutes.run(HOUR)
    assert minutes.held == 0
    assert set(minutes.uncertainties()) == {0}


def test_trust_does_not_believe_1970(minutes):
    minutes.is_trusting = True
    minutes.power_on(wall="1970-01-01")
    minutes.run(HOUR)
    assert minutes.held == minutes.appended
    minutes.wall_ms = minutes.true_ms
    minutes.run(HOUR)
    assert minutes.held == 0


@pytest.mark.parametrize("wall", ["2036-02-07T06:28:16", "2026-12-01T12:00:00", "1970-01-01"])
def test_trust_and_a_jump_that_comes_back(minutes, wall):
    minutes.interval = 5.0
    minutes.is_trusting = True
    minutes.drift = 0
    minutes.wall_ms = minutes.true_ms
    minutes.power_on()
    minutes.run(120)
    minutes.set_wall(wall)
    minutes.run(25)
    minutes.wall_ms = minutes.true_ms
    minutes.run(120)
    assert minutes.held == 0
    assert minutes.kinds() == ["clock_stepped", "clock_refused"]


@pytest.mark.parametrize("seconds", [-HOUR, HOUR])
def test_trust_and_a_jump_that_lasts(minutes, seconds):
    """Nothing is held: the old time goes on for half a minute, then the new one."""
    minutes.interval = 5.0
    minutes.is_trusting = True
    minutes.drift = 0
    minutes.wall_ms = minutes.true_ms - seconds * 1000
    minutes.is_lied_to = True
    minutes.power_on()
    minutes.run(120)
    minutes.wall_ms = minutes.true_ms
    minutes.run(30)
    minutes.is_lied_to = False
    minutes.run(600)
    assert minutes.held == 0
    assert minutes.kinds() == ["clock_stepped", "clock_stepped"]


def test_trust_is_switched_on_when_readings_were_held_for_days(world):
    world.power_on()
    world.wall_ms = world.true_ms
    world.run(DAY)
    world.stop()
    world.is_trusting = True
    world.wall_ms = world.true_ms
    world.start()
    world.run(HOUR)
    assert world.held == 0


def test_a_crash_in_the_midst_of_dating(world):
    """Both of this boot's readings and of an earlier boot's."""
    known_site(world)
    world.power_on()
    world.run(3 * DAY)
    world.power_off(HOUR)
    world.power_on()
    world.run(5 * DAY)
    world.network()
    world.tick()
    world._pass(400)
    world.tick()
    anchors = {}
    while world.held:
        world.kill()
        world.start()
        world.keeper.work(0)
        world.check()
        for boot in world.journal.boots():
            anchors.setdefault(boot.number, set()).add(boot.anchor)
    assert {number: len(found - {None}) for number, found in anchors.items()} == {1: 1, 2: 1, 3: 1}
    world.run(HOUR)


def test_what_is_dated_in_portions_goes_by_one_anchor(world, monkeypatch):
    """A small step in between must not put later readings before earlier ones."""
    monkeypatch.setattr(timekeeper, "ANCHOR_SECONDS", 0.0)
    world.power_on()
    world.run(5 * DAY)
    world.network()
    world.tick()
    world._pass(400)
    world.tick()
    first = world.journal.boots()[0].anchor
    world.set_wall(-1.0)
    world._pass(1.0)
    world.tick()
    assert world.held > 0
    assert world.journal.boots()[0].anchor == first
    world.run(HOUR)
    assert world.held == 0
    assert world.journal.boots()[0].anchor != first


def test_what_is_dated_in_portions_leaves_no_span_for_each(minutes):
    """A span each portion would be 2,000 after two months, and each is looked at for every reading."""
    minutes.power_on()
    minutes.run(DAY)
    minutes.power_off(HOUR)
    minutes.power_on()
    minutes.run(DAY)
    minutes.network()
    minutes.run(HOUR)
    minutes.finish_dating()
    assert minutes.held == 0
    spans = [(span.boot, span.last_id - span.first_id + 1) for span in minutes.journal.spans("readings")]
    assert spans == [(1, 1440), (2, 1445), (2, 55)]  # what was held, and what was taken since


def test_a_power_cut_while_a_jump_is_waited_for(minutes):
    """The readings of those minutes belong to neither anchor; order of boots and regulator's clock date them."""
    minutes.power_on()
    minutes.network()
    minutes.run(HOUR)
    minutes.set_wall(5000)
    minutes.run(180)
    held = minutes.held
    minutes.power_off(HOUR)
    minutes.power_on()
    assert held == minutes.held == 3
    minutes.network()
    minutes.run(HOUR)
    assert minutes.held == 0


@pytest.mark.parametrize("comes_back", [True, False])
def test_the_logger_is_restarted_while_a_jump_is_waited_for(minutes, comes_back):
    minutes.is_lied_to = not comes_back
    minutes.power_on()
    minutes.network()
    if not comes_back:
        minutes.set_wall(-5000)
    minutes.run(HOUR)
    minutes.is_lied_to = False
    if comes_back:
        minutes.set_wall(-5000)
    else:
        minutes.network()
    minutes.run(180)
    minutes.kill()
    minutes.start()
    minutes.run(120)
    minutes.network()
    minutes.run(HOUR)
    assert minutes.held == 0
    assert [boot.name for boot in minutes.journal.boots()] == ["boot-1", "boot-1+2"]


def test_a_last_time_that_was_wrong_does_not_keep_later_ones_from_being_right(minutes):
    """An authority was in 2036 for a day, and we had to believe it."""
    known_site(minutes)
    minutes.power_on()
    minutes.is_lied_to = True
    minutes.is_synchronised = True
    minutes.set_wall("2036-02-07T06:28:16")
    minutes.run(DAY)
    minutes.power_off(HOUR)
    minutes.is_lied_to = False
    minutes.power_on()
    minutes.run(HOUR)
    minutes.power_off(HOUR)
    minutes.power_on()
    later_network(minutes)
    assert minutes.held == 0
    assert max(minutes.uncertainties()) < 2 * DAY


def test_a_journal_that_was_set_aside_is_recovered_and_its_boots_are_dated(world):
    """They were before those of the journal into which they are brought back."""
    known_site(world)
    world.power_on()
    world.run(5 * HOUR)
    world.power_off(2 * HOUR)
    (world.directory / "journal.db").rename(world.directory / "aside.db")
    world.power_on()
    later_network(world)
    assert world.held == 0
    assert recover(world.directory / "aside.db", world.journal).brought_back > 170
    assert world.held == 30
    world.kill()
    world.start()
    world.run(HOUR)
    world.finish_dating()
    world.check()
    assert world.held == 0
    assert max(world.uncertainties()) <= 30


def test_an_anchor_is_not_written_at_every_reading(world):
    """Each would wear the SD card like a reading of its own."""
    world.power_on()
    world.network()
    written: list[Anchor] = []
    write = world.journal.write_anchor
    world.journal.write_anchor = lambda boot, anchor: (written.append(anchor), write(boot, anchor))
    world.run(2 * DAY)
    assert 8 <= len(written) <= 9
