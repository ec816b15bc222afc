"""What the two dashboards show, as a table: title, unit, thresholds, and queries.

Volts are given for a 12 V bank and multiplied: a 24 V bank is low at 23.6 V.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dashboards import arrival, queries
from dashboards.queries import Query, daily, latest, trend

Kind = Literal["stat", "lines", "bars", "states", "table"]
GREEN, YELLOW, RED, BLUE = "#73BF69", "#F2CC0C", "#F2495C", "#5794F2"
NO_THRESHOLD = ((None, BLUE),)

LOW_VOLTS_12 = 11.8  # at rest about a quarter full; below it a lead-acid bank ages fast
FLAT_VOLTS_12 = 11.4  # where regulators commonly disconnect the load
HIGH_VOLTS_12 = 15.2  # above equalising at 20 degrees Celsius
LOW_CHARGE_PERCENT = 50
FLAT_CHARGE_PERCENT = 30


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as Grafana's id for it, and as people write it."""

    grafana: str
    suffix: str
    decimals: int


VOLTS = Unit("volt", " V", 1)
AMPS = Unit("amp", " A", 1)
WATTS = Unit("watt", " W", 0)
AMP_HOURS = Unit("amph", " Ah", 0)
PERCENT = Unit("percent", " %", 0)
CELSIUS = Unit("celsius", " °C", 0)
SECONDS = Unit("s", " s", 0)
DAYS = Unit("d", " d", 1)
DISK = Unit("decbytes", " B", 0)
COUNT = Unit("short", "", 0)
YES_NO = Unit("bool_yes_no", "", 0)
TEXT = Unit("string", "", 0)

Threshold = tuple[float | None, str]  # this colour from this value on; None is the lowest


@dataclass(frozen=True, slots=True)
class Line:
    """One query of a panel, and the name of its answer."""

    label: str
    query: Query


@dataclass(frozen=True, slots=True)
class Panel:
    """One box. `columns` is its width, of 24; `note` explains it."""

    title: str
    kind: Kind
    unit: Unit
    lines: Sequence[Line]
    columns: int
    note: str
    thresholds: Sequence[Threshold] = NO_THRESHOLD


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading. `period` and `step` are for InfluxDB; `fixed` binds Grafana to the period as well."""

    title: str
    period: str
    step: str
    fixed: bool
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard: `period` is what Grafana shows when it is opened."""

    name: str
    title: str
    note: str
    period: str
    rows: Sequence[Row]


CHARGE = ((None, RED), (FLAT_CHARGE_PERCENT, YELLOW), (LOW_CHARGE_PERCENT, GREEN))
DISCHARGE = ((None, GREEN), (100 - LOW_CHARGE_PERCENT, YELLOW), (100 - FLAT_CHARGE_PERCENT, RED))
RECEIVED = ((None, RED), (90, YELLOW), (99, GREEN))
AGE = ((None, GREEN), (300, YELLOW), (900, RED))
GAP = ((None, GREEN), (60, YELLOW), (arrival.LONG_GAP_SECONDS, RED))
CLOCK = ((None, GREEN), (5, YELLOW), (60, RED))
DAMAGED = ((None, GREEN), (1, YELLOW), (5, RED))
FREE = ((None, RED), (200e6, YELLOW), (1e9, GREEN))
PROCESSOR = ((None, GREEN), (70, YELLOW), (80, RED))
ANY = ((None, GREEN), (1, RED))
HEAT = ((None, BLUE), (5, GREEN), (40, YELLOW), (50, RED))


def boards(bank_volts: int = 24) -> tuple[Board, Board]:
    """The site's dashboard, and the one about the logging, for a battery of `bank_volts` nominal."""
    volts = _volts(bank_volts)
    return _site(volts), _logging()


def _volts(bank_volts: int) -> tuple[Threshold, ...]:
    twelves = bank_volts / 12
    return (
        (None, RED),
        (round(FLAT_VOLTS_12 * twelves, 2), YELLOW),
        (round(LOW_VOLTS_12 * twelves, 2), GREEN),
        (round(HIGH_VOLTS_12 * twelves, 2), RED),
    )


def _site(volts: Sequence[Threshold]) -> Board:
    current = (Line("in", trend("charge_amps")), Line("out", trend("load_amps")))
    charge = (Line("in", daily("charge_amp_hours")), Line("out", daily("load_amp_hours")))
    spread = (Line("highest", daily("battery_max_volts")), Line("lowest", daily("battery_min_volts")))
    today = (
        *_lines(volts),
        Panel("Current", "lines", AMPS, current, 12, "In from the panels, out to the load."),
        Panel("Battery temperature", "lines", CELSIUS, (Line("", trend("battery_celsius")),), 12, "", HEAT),
        Panel("Regulator", "states", TEXT, (Line("", trend("regulator_state", "last")),), 12, "Its state over time."),
    )
    days = (
        Panel("Charge per day", "bars", AMP_HOURS, charge, 12, "Counted by the regulator."),
        Panel("Highest and lowest voltage of the day", "lines", VOLTS, spread, 12, "Measured by the regulator.", volts),
        Panel("State of charge at the end of the day", "bars", PERCENT,
              (Line("", daily("state_of_charge_percent")),), 12, "The regulator's own estimate.", CHARGE),
        Panel("Time to float", "bars", SECONDS, (Line("", daily("float_reached_seconds")),), 12,
              "From the regulator's midnight until the battery was full; no bar if it was not."),
        Panel("Depth of discharge at night", "bars", PERCENT, (Line("", daily("depth_of_discharge_percent")),), 12,
              "The night that ended on this day: 100 less the lowest state of charge.", DISCHARGE),
        Panel("Days without sun", "bars", DAYS, (Line("", daily("autonomy_days")),), 12,
              "How long the battery would have lasted at the usual load, at the day's end."),
    )  # fmt: skip
    return Board(
        "solar-site", "Solar site", "A battery, its regulator and the sun.", "24h",
        (
            _now(volts),
            Row("Today", "24h", "2m", False, today),
            Row("Last week", "7d", "15m", True, _lines(volts)),
            Row("Daily history", "90d", "1d", True, days),
        ),
    )  # fmt: skip


def _lines(volts: Sequence[Threshold]) -> tuple[Panel, ...]:
    spread = (
        Line("mean", trend("battery_volts")),
        Line("highest", trend("battery_volts", "max")),
        Line("lowest", trend("battery_volts", "min")),
    )
    power = (Line("in", trend("charge_watts")), Line("out", trend("load_watts")))
    return (
        Panel("Battery voltage", "lines", VOLTS, spread, 12, "A gap is a time without readings.", volts),
        Panel("Power", "lines", WATTS, power, 12, "In from the panels, out to the load."),
        Panel("State of charge", "lines", PERCENT, (Line("", trend("state_of_charge_percent")),), 12,
              "The regulator's own estimate.", CHARGE),
    )  # fmt: skip


def _now(volts: Sequence[Threshold]) -> Row:
    return Row("Now", queries.RECENT, "1m", True, (
        _stat("Battery", VOLTS, "battery_volts", "Battery voltage.", volts),
        _stat("State of charge", PERCENT, "state_of_charge_percent", "The regulator's own estimate.", CHARGE),
        _stat("Current in", AMPS, "charge_amps", "Charge current, internal plus external."),
        _stat("Current out", AMPS, "load_amps", "Load current, internal plus external."),
        _stat("Power in", WATTS, "charge_watts", "Battery voltage times charge current."),
        _stat("Power out", WATTS, "load_watts", "Battery voltage times load current."),
        _stat("Regulator", TEXT, "regulator_state", "Boost, equalise, absorption or float."),
        _stat("Charged today", AMP_HOURS, "charge_amp_hours", "Since the regulator's midnight."),
        _stat("Used today", AMP_HOURS, "load_amp_hours", "Since the regulator's midnight."),
        _stat("Highest today", VOLTS, "battery_max_volts", "Since the regulator's midnight.", volts),
        _stat("Lowest today", VOLTS, "battery_min_volts", "Since the regulator's midnight.", volts),
        _stat("Battery temperature", CELSIUS, "battery_celsius", "Empty if there is no sensor.", HEAT),
    ))  # fmt: skip


def _stat(title: str, unit: Unit, field: str, note: str, thresholds: Sequence[Threshold] = NO_THRESHOLD) -> Panel:
    return Panel(title, "stat", unit, (Line("", latest(field)),), 4, note, thresholds)


def _logging() -> Board:
    now = (
        Panel("Newest reading", "stat", SECONDS, (Line("", arrival.newest()),), 12,
              "How long ago the newest reading in the database was taken.", AGE),
        Panel("Received in 24 hours", "stat", PERCENT, (Line("", arrival.received_today()),), 12,
              "Less than 100: some readings were never taken, or are still waiting to be sent.", RECEIVED),
    )  # fmt: skip
    week = (
        Panel("Readings per hour", "lines", PERCENT, (Line("", arrival.received_by_hour()),), 12,
              "Percent of those expected. Gaps fill while a backlog is sent. First and last hour: partial.", RECEIVED),
        Panel("Longest gap", "lines", SECONDS, (Line("", arrival.longest_gap()),), 12,
              "The longest time between two readings.", GAP),
        Panel("Clock uncertainty", "lines", SECONDS, (Line("", trend("time_uncertainty_seconds", "max")),), 12,
              "How far a reading's time may be off; high after a power cut without network.", CLOCK),
        Panel("Seconds a reading", "lines", SECONDS, (Line("", trend("reading_seconds", "max")),), 12,
              "How long a reading took. More than usual: bytes are damaged on the line; run solar doctor.", CLOCK),
        Panel("Gaps longer than eleven minutes", "table", SECONDS, (Line("", arrival.long_gaps()),), 24,
              "When each ended and how long it was. A low battery makes readings rare: up to ten minutes apart.", GAP),
        Panel("Events", "table", TEXT, (Line("", arrival.events()),), 24, "Messages from the logger."),
    )  # fmt: skip
    return Board(
        "solar-logging", "Solar logging", "Whether the readings arrive: gaps, backlog, clock; the logger itself.", "7d",
        (
            Row("Now", "24h", "1m", True, now),
            Row("Last week", "7d", "1h", False, week),
            Row("The logger itself", "7d", "1h", False, _itself()),
        ),
    )  # fmt: skip


def _itself() -> Sequence[Panel]:
    """From the checks that each logger makes of itself every ten minutes."""

    def check(field: str, label: str = "", aggregate: str = "max") -> Line:
        return Line(label, trend(field, aggregate, "solar_logger"))

    backlog = (check("pending_records", "to be sent"), check("held_records", "held"), check("dead_letters", "refused"))
    return (
        Panel("Sites", "table", TEXT, (Line("", arrival.sites()),), 24,
              "The newest check of each site. A site that has sent none for a day is not in it."),
        Panel("Backlog", "lines", COUNT, backlog, 12,
              "Records that wait to be sent, are held until the clock is confirmed, or were refused by InfluxDB."),
        Panel("Damaged on the line", "lines", PERCENT, (check("damaged_percent"),), 12,
              "Questions to the regulator without a valid answer. Rising: check the cable and the adapter.", DAMAGED),
        Panel("Free disk space", "lines", DISK, (check("disk_free_bytes", aggregate="min"),), 12,
              "On the disk of the journal.", FREE),
        Panel("Size of the journal", "lines", DISK, (check("journal_bytes"),), 12, "All its files together."),
        Panel("Temperature of the computer", "lines", CELSIUS, (check("computer_celsius"),), 12,
              "Empty where there is no sensor.", PROCESSOR),
        Panel("Power supply too weak", "lines", YES_NO, (check("undervoltage_since_start"),), 12,
              "On a Raspberry Pi: whether the voltage was too low at some time since the start.", ANY),
    )  # fmt: skip
