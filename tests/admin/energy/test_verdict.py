"""The verdict's one sentence in every situation."""

from dataclasses import replace

import pytest

from admin.energy.figures import Figures, figures_of
from admin.energy.verdict import verdict
from admin.health.clock_state import ClockState
from admin.health.health import Health
from journal.reading import Reading
from tests.admin.conftest import reading
from tests.admin.energy.conftest import BEGAN_MS, HOUR_MS

pytestmark = pytest.mark.usefixtures("in_utc")

NOON_MS = BEGAN_MS + 12 * HOUR_MS
NO_FIGURES = figures_of([], [], None, NOON_MS)
FIGURES = replace(NO_FIGURES, capacity_amp_hours=400.0, usual_dusk_seconds=18 * 3600.0, autonomy_days=3.2)


def now(charge: float | None, load: float | None, percent: float | None = 70.0, **values: object) -> Reading:
    values |= {"charge_amps": charge, "load_amps": load, "state_of_charge_percent": percent}
    return replace(reading(1), time_ms=NOON_MS - 5000, **values)  # type: ignore[arg-type]


def said(newest: Reading | None, figures: Figures | None = FIGURES, **values: object) -> str:
    return verdict(Health(now_ms=NOON_MS, data="data", reading=newest, **values), figures)  # type: ignore[arg-type]


SITUATIONS = {
    "full before dusk": (now(60, 12), "Charging, 48 A; full by about 14:30"),
    "full too late": (now(30, 12), "Charging, 18 A; not full today"),
    "state of charge not known": (now(60, 12, None), "Charging, 48 A"),
    "full, in float": (now(12.2, 12, 99, regulator_state="float"), "Full (float)"),
    "float, but the load takes more": (now(0, 8, 95, regulator_state="float"), "Discharging, 8 A"),
    "equalising": (now(20, 2, 100, regulator_state="equalise"), "Equalising, 18 A"),
    "at night, with days to spare": (now(0, 12), "Discharging, 12 A; lasts about 3 days at the usual use"),
    "low": (now(0, 12, 18), "Discharging, 12 A; LOW: 18 % left"),
    "in balance": (now(12, 12.3), "Resting: as much comes in as is used"),
    "a current that is not known": (now(12, None), "Charge 12 A, load not known"),
    "the load cut off": (now(5, 0, 12, load_disconnected=1), "LOAD CUT OFF: the battery is low; Charging, 5 A"),
    "panels disconnected": (now(0, 0, solar_disconnected=1), "panels disconnected: SOLV is on the screen; Resting"),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_one_sentence(situation: str) -> None:
    newest, words = SITUATIONS[situation]
    assert said(newest).startswith(words)


def test_without_figures_it_promises_nothing() -> None:
    assert said(now(60, 12), None) == said(now(60, 12), NO_FIGURES) == "Charging, 48 A"
    assert said(now(0, 12), NO_FIGURES) == "Discharging, 12 A"


def test_at_a_high_load_it_counts_hours() -> None:
    heavy = replace(FIGURES, autonomy_days=0.6)
    assert said(now(0, 40), heavy) == "Discharging, 40 A; lasts about 5 hours at this rate"


def test_what_is_old_or_missing_is_not_told_as_now() -> None:
    assert said(replace(now(60, 12), time_ms=NOON_MS - 240_000)) == "Not known: the last reading was 4 minutes ago"
    assert said(replace(now(60, 12), time_ms=NOON_MS - 240_000), interval_seconds=60.0).startswith("Charging")
    assert said(None) == "Not known: there is no reading yet"
    assert said(None, error="cannot open it") == "Not known: the journal cannot be read"


def test_what_is_held_says_so() -> None:
    clock = ClockState(
        now_ms=NOON_MS, uptime_seconds=60, source=None, uncertainty_seconds=0, off_seconds=0, evidence=None,
        absurd=None, held={"readings": 3, "events": 1}, held_earlier=0,
    )  # fmt: skip
    assert said(now(60, 12), clock=clock) == "Charging, 48 A (newest reading; its time is not confirmed yet)"
