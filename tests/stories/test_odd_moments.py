"""Stories of odd moments at the regulator: each is an event in plain words, and none makes a wrong number."""

from pathlib import Path

import pytest

from tests.stories.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, interval_seconds=60)


def test_a_quiet_day_has_no_event(site: Site) -> None:
    site.logging(hours=3)
    assert site.odd_kinds() == []


def test_somebody_looks_at_solv(site: Site) -> None:
    site.logging(hours=0.5)
    site.simulator.press_solv()
    site.logging(hours=1, restart=False)
    assert site.odd_kinds() == ["solar_disconnected", "solar_reconnected"]
    cut_off = [reading for reading in site.readings() if reading.solar_disconnected]
    assert {reading.internal_charge_amps for reading in cut_off} == {0.0}
    assert 14 <= len(cut_off) <= 17
    began, ended = site.events("solar_disconnected", "solar_reconnected")
    assert "charge reads 0" in began.message
    assert (ended.time_ms - began.time_ms) / 60_000 == pytest.approx(len(cut_off), abs=1)


def test_somebody_clears_a_counter(site: Site) -> None:
    site.logging(hours=2)
    site.simulator.show_screen(28)
    site.simulator.push(is_long=True)
    site.logging(hours=1, restart=False)
    assert site.odd_kinds() == ["counters_reset"]
    (event,) = site.events("counters_reset")
    assert "charge through the regulator" in event.message
    assert event.message.endswith("→ 0 Ah")


def test_the_regulator_loses_its_power_for_a_moment(site: Site) -> None:
    site.logging(hours=2)
    site.simulator.power_cycle()
    site.logging(hours=1, restart=False)
    assert site.odd_kinds() == ["regulator_clock_changed"]
    words = site.events("regulator_clock_changed")[0].message
    assert words.startswith("the regulator's clock restarted at 0:00, as after a power failure: it should show 12:0")
    assert "its counters were reset: charge through the regulator" in words


@pytest.mark.parametrize(("seconds", "words"), [(17.5 * 3600, "was set 5 h"), (9 * 3600, "was set 3 h")])
def test_somebody_sets_the_clock(site: Site, seconds: float, words: str) -> None:
    site.logging(hours=2)
    site.simulator.set_clock(seconds)
    site.logging(hours=1, restart=False)
    assert site.odd_kinds() == ["regulator_clock_changed"]
    assert words in site.events("regulator_clock_changed")[0].message


def test_a_midnight_is_no_event(tmp_path: Path) -> None:
    site = Site(tmp_path, "2026-03-10T22:00", interval_seconds=60).logging(hours=3)
    assert site.odd_kinds() == []
    counts = [reading.load_amp_hours for reading in site.readings()]
    assert max(counts) > min(counts)


def test_what_happened_while_the_logger_was_off_is_told_when_it_is_back(site: Site) -> None:
    site.logging(hours=2).passing(hours=3)
    site.simulator.power_cycle()
    site.passing(hours=1).logging(hours=0.5)
    assert site.odd_kinds() == ["regulator_clock_changed"]
    assert "restarted at 0:00" in site.events("regulator_clock_changed")[0].message


def test_settings_changed_at_the_panel_and_another_model(site: Site) -> None:
    site.logging(hours=0.5)
    site.simulator.change_setting(87, 145)
    site.logging(hours=1.2, restart=False)
    assert "settings changed: BMAX 30.0 V → 29.0 V" in [event.message for event in site.events("settings_changed")]
    site.simulator.swap_regulator(model="PL40")
    site.logging(hours=0.5, restart=False)
    assert "model_changed" in site.odd_kinds()
    assert "counters_reset" not in site.odd_kinds()
