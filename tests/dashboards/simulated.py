"""A day of readings of two sites as lines for InfluxDB: what the simulator's memory says, decoded by the logger.

`home` was off for two hours, `hut` never was. Both have a month of daily records, two events, and a
check every ten minutes.
"""

from dataclasses import dataclass, replace

from journal.reading import Check, Day, Event, Reading
from logger.regulator.registers import decode
from simulator import HandClock, Simulator, SimulatorOptions
from tests.lines import line

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
READING_SECONDS = 30


@dataclass(frozen=True, slots=True)
class SimulatedDay:
    """`lines` in line protocol; the stretch without readings of `home`; the newest reading's time."""

    lines: list[str]
    gap_start_ms: int
    gap_stop_ms: int
    stop_ms: int

    @property
    def start_ms(self) -> int:
        return self.stop_ms - DAY_MS


def simulated_day(stop_ms: int) -> SimulatedDay:
    """The day that ends at `stop_ms`, a reading every 30 s."""
    clock = HandClock()
    simulator = Simulator(SimulatorOptions(), clock=clock)
    gap_start_ms = stop_ms - 10 * HOUR_MS
    gap_stop_ms = gap_start_ms + 2 * HOUR_MS
    lines = []
    for time_ms in range(stop_ms - DAY_MS + READING_SECONDS * 1000, stop_ms + 1, READING_SECONDS * 1000):
        clock.advance(READING_SECONDS)
        reading = _reading(simulator, time_ms)
        lines.append(line(reading, "hut"))
        if not gap_start_ms <= time_ms < gap_stop_ms:
            lines.append(line(reading, "home"))
    for site in ("home", "hut"):
        lines += [line(day, site) for day in _days(simulator, stop_ms)]
        lines += [line(event, site) for event in _events(stop_ms)]
        lines += [
            line(check, site)
            for check in _checks(stop_ms)
            if site == "hut" or not gap_start_ms <= check.time_ms < gap_stop_ms
        ]
    return SimulatedDay([text for text in lines if text], gap_start_ms, gap_stop_ms, stop_ms)


def _reading(simulator: Simulator, time_ms: int) -> Reading:
    reading = decode(dict(enumerate(simulator.ram())), time_ms=time_ms, boot=1, uptime_ms=time_ms)
    return replace(reading, time_uncertainty_seconds=0.5, reading_seconds=3.5)


def _days(simulator: Simulator, stop_ms: int) -> list[Day]:
    return [
        Day(
            time_ms=stop_ms - day.days_ago * DAY_MS,
            date="",
            model="PL80",
            battery_max_volts=day.battery_max_volts,
            battery_min_volts=day.battery_min_volts,
            state_of_charge_percent=day.state_of_charge_percent,
            float_reached_seconds=day.float_reached_seconds,
            charge_amp_hours=day.charge_amp_hours,
            load_amp_hours=day.load_amp_hours,
            depth_of_discharge_percent=30.0,
            autonomy_days=2.5,
        )
        for day in simulator.history()
    ]


def _checks(stop_ms: int) -> list[Check]:
    """One every ten minutes; the program was updated half a day ago."""
    return [
        Check(
            time_ms=time_ms,
            boot=1,
            uptime_ms=time_ms,
            version="0.2.0" if time_ms > stop_ms - DAY_MS // 2 else "0.1.0",
            computer_uptime_seconds=90_000.0,
            logger_uptime_seconds=86_400.0,
            pending_records=3,
            held_records=0,
            dead_letters=0,
            journal_bytes=4_000_000,
            disk_free_bytes=8_000_000_000,
            readings=20,
            reading_seconds=3.5,
            exchanges=400,
            damaged_percent=0.5,
            undervoltage=0,
            undervoltage_since_start=1,
            computer_celsius=48.0,
            clock_trusted=1,
        )
        for time_ms in range(stop_ms - DAY_MS + 600_000, stop_ms + 1, 600_000)
    ]


def _events(stop_ms: int) -> list[Event]:
    times = {"started": stop_ms - 20 * HOUR_MS, "regulator_silent": stop_ms - 10 * HOUR_MS}
    return [
        Event(time_ms=time_ms, boot=1, uptime_ms=0, kind=kind, message=f'it "{kind}", they say')
        for kind, time_ms in times.items()
    ]
