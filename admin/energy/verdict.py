"""The verdict: one sentence on how the site is now. Pure, except for the local zone."""

import time

from admin.energy.figures import DAY_MS, Figures
from admin.health.health import Health
from admin.terminal.words import ago, count, duration
from journal.reading import Reading
from logger.energy.autonomy import RESERVE_PERCENT
from logger.energy.local_days import local_date, midnight_ms

IDLE_SHARE = 0.002
"""A share of the capacity: a net current below it neither charges nor discharges the battery. 1 A at 500 Ah."""
IDLE_AMPS = 0.5
FULL_PERCENT = 99.0
LONGEST_HOURS = 16.0
ROUND_MS = 30 * 60_000


def verdict(health: Health, figures: Figures | None) -> str:
    """How the site is now, such as "Charging, 62 A; full by about 14:30". It says less if `figures` is None."""
    reading = health.reading
    if health.error:
        return "Not known: the journal cannot be read"
    if reading is None:
        return "Not known: there is no reading yet"
    if is_held(health):
        return f"{_now(reading, None, health.now_ms)} (newest reading; its time is not confirmed yet)"
    if not health.is_fresh:
        return f"Not known: the last reading was {ago(health.age_seconds(reading.time_ms))}"
    return _now(reading, figures, health.now_ms)


def is_held(health: Health) -> bool:
    """Whether the newest reading is held, so that its age is not known."""
    clock = health.clock
    return bool(clock and clock.source is None and clock.held["readings"])


def _now(reading: Reading, figures: Figures | None, now_ms: int) -> str:
    flags = [
        words
        for flag, words in (
            (reading.load_disconnected, "LOAD CUT OFF: the battery is low"),
            (reading.alarm, "BATTERY ALARM"),
            (reading.generator_running, "generator asked to run"),
            (reading.solar_disconnected, "panels disconnected: SOLV is on the screen"),
        )
        if flag
    ]
    return "; ".join([*flags, _battery(reading, figures, now_ms)])


def _battery(reading: Reading, figures: Figures | None, now_ms: int) -> str:
    percent, charge, load = reading.state_of_charge_percent, reading.charge_amps, reading.load_amps
    full = " (float)" if reading.regulator_state == "float" else ""
    if charge is None or load is None:
        shown = ("not known" if amps is None else f"{amps:.0f} A" for amps in (charge, load))
        return "Charge {}, load {}".format(*shown)
    net = charge - load
    capacity = figures.capacity_amp_hours if figures else None
    idle = max(IDLE_AMPS, IDLE_SHARE * (capacity or 0.0))
    if reading.regulator_state == "equalise" and net >= -idle:
        return f"Equalising, {net:.0f} A"
    if (full or (percent is not None and percent >= FULL_PERCENT)) and net >= -idle:
        return f"Full{full}"
    if net > idle:
        return f"Charging, {net:.0f} A{_until_full(percent, capacity, net, figures, now_ms)}"
    if net < -idle:
        return f"Discharging, {-net:.0f} A{_until_low(percent, capacity, -net, figures)}"
    return "Resting: as much comes in as is used"


def _until_full(percent: float | None, capacity: float | None, net: float, figures: Figures | None, now_ms: int) -> str:
    if percent is None or capacity is None or figures is None:
        return ""
    hours = (100 - percent) / 100 * capacity / net
    if hours > LONGEST_HOURS:
        return "; not full today"
    full_ms = -(-(now_ms + int(hours * 3_600_000)) // ROUND_MS) * ROUND_MS
    dusk = figures.usual_dusk_seconds
    if dusk is not None and full_ms > midnight_ms(local_date(now_ms)) + dusk * 1000:
        return "; not full today"
    return f"; full by about {time.strftime('%H:%M', time.localtime(full_ms / 1000))}"


def _until_low(percent: float | None, capacity: float | None, net: float, figures: Figures | None) -> str:
    if percent is None or capacity is None:
        return ""
    if percent <= RESERVE_PERCENT:
        return f"; LOW: {percent:.0f} % left"
    hours = (percent - RESERVE_PERCENT) / 100 * capacity / net
    usual = figures.autonomy_days if figures else None
    if usual is not None and usual * DAY_MS > 24 * 3_600_000:
        return f"; lasts about {count(usual, 'day')} at the usual use"
    return f"; lasts about {duration(hours * 3600)} at this rate"
