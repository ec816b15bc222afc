"""Checks the regulator as a reading shows it: model, system voltage, clock."""

from collections.abc import Iterator
from datetime import UTC, datetime

from admin.doctor.finding import Finding, look, ok, see, skipped
from admin.terminal.words import duration, time_of_day
from journal.reading import Reading
from logger.regulator.registers import DAY_SECONDS, by_address, volts_of

CLOCK_TOLERANCE_SECONDS = 900
SUMMER_SECONDS = 3600


def check_regulator(reading: Reading, *, is_clock_trusted: bool) -> Iterator[Finding]:
    """Model and clock. `is_clock_trusted`: whether this computer's clock can be relied on."""
    yield _model(reading)
    yield _clock(reading, is_clock_trusted=is_clock_trusted)


def _model(reading: Reading) -> Finding:
    volts = volts_of(by_address(reading.raw))
    battery = "" if reading.battery_volts is None else f", battery at {reading.battery_volts:.1f} volts"
    if reading.model in (None, "unknown"):
        remedy = "tell the authors of this program what is printed on the regulator; until then its amperes are unknown"
        return look("model", f"a regulator of unknown model{battery}", remedy)
    if volts is None:
        remedy = "check VOLT in the regulator's settings; without it the voltages are unknown"
        return look("model", f"{reading.model}, system voltage unknown", remedy)
    return ok("model", f"{reading.model} on a {volts} volt system{battery}")


def _clock(reading: Reading, *, is_clock_trusted: bool) -> Finding:
    if reading.regulator_clock_seconds is None:
        return look("regulator_clock", "it could not be read", "run solar doctor again in a minute")
    local = datetime.fromtimestamp(reading.time_ms / 1000, UTC).astimezone()
    ours = local.hour * 3600 + local.minute * 60 + local.second
    theirs = reading.regulator_clock_seconds
    shows = f"it shows {time_of_day(theirs)}"
    if not is_clock_trusted:
        return skipped(
            "regulator_clock", f"{shows}; not compared, because this computer's clock may be wrong, {see('clock')}"
        )
    ahead = (theirs - ours + DAY_SECONDS / 2) % DAY_SECONDS - DAY_SECONDS / 2
    if abs(ahead) <= CLOCK_TOLERANCE_SECONDS:
        return ok("regulator_clock", f"{shows}, and this computer {time_of_day(ours)}")
    found = (
        f"{shows}, this computer {time_of_day(ours)} in the time zone {local:%Z}: {duration(abs(ahead))} "
        f"{'ahead' if ahead > 0 else 'behind'}; the daily totals run from the regulator's midnight"
    )
    if local.tzname() == "UTC":
        remedy = (
            "set the computer's time zone first (sudo timedatectl set-timezone AREA/CITY; in a container TZ=AREA/CITY) "
            "and run solar doctor again; the regulator may well be right"
        )
    elif abs(abs(ahead) - SUMMER_SECONDS) <= CLOCK_TOLERANCE_SECONDS:
        remedy = "in summer do nothing: the regulator has no summer time; otherwise set TIME on its front panel"
    else:
        remedy = "check the computer's time zone (timedatectl); if it is right, set TIME on the regulator's front panel"
    return look("regulator_clock", found, remedy)
