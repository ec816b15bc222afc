import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from admin.doctor.finding import Finding, Verdict
from admin.doctor.regulator import check_regulator
from journal.reading import Reading

NOON_MS = int(datetime(2026, 1, 5, 2, 0, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture(autouse=True)
def brisbane() -> Iterator[None]:
    """Ten hours before UTC."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "AEST-10"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def clock_at(hours: float, *, is_clock_trusted: bool = True) -> Finding:
    reading = Reading(
        time_ms=NOON_MS, boot=1, uptime_ms=1, model="PL80", regulator_clock_seconds=hours * 3600, raw=bytes((93, 0x31))
    )
    model, clock = check_regulator(reading, is_clock_trusted=is_clock_trusted)
    assert model.found == "PL80 on a 24 volt system"
    return clock


def test_within_a_quarter_of_an_hour_of_local_time_is_right() -> None:
    assert clock_at(12.2) == Finding("regulator_clock", Verdict.OK, "it shows 12:12, and this computer 12:00")
    assert clock_at(11.8).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("hours", "words"), [(23.4, "11 hours ahead"), (11.5, "30 minutes behind"), (0.5, "12 hours behind")]
)
def test_farther_off_the_daily_totals_are_not_those_of_calendar_days(hours: float, words: str) -> None:
    finding = clock_at(hours)
    assert finding.verdict is Verdict.LOOK
    assert (
        f"this computer 12:00 in the time zone AEST: {words}; the daily totals run from the regulator's midnight"
        in finding.found
    )


@pytest.mark.parametrize("hours", [9.0, 1.0], ids=["seven hours", "one hour"])
def test_on_a_computer_left_at_utc_the_zone_is_named_before_the_regulator(hours: float) -> None:
    os.environ["TZ"] = "UTC"  # the fixture undoes it
    time.tzset()
    finding = clock_at(hours)
    assert "in the time zone UTC" in finding.found
    assert finding.remedy.startswith("set the computer's time zone first (sudo timedatectl set-timezone")
    assert clock_at(2.1).verdict is Verdict.OK


@pytest.mark.parametrize("hours", [11.0, 13.0])
def test_an_hour_may_be_summer_time(hours: float) -> None:
    assert clock_at(hours).remedy.startswith("in summer do nothing")
    assert clock_at(14.0).remedy.startswith("check the computer's time zone")


def test_a_clock_that_is_not_trusted_is_no_judge() -> None:
    assert clock_at(23.4, is_clock_trusted=False).verdict is Verdict.SKIPPED


def test_what_was_not_read_is_not_made_up() -> None:
    model, clock = check_regulator(Reading(time_ms=NOON_MS, boot=1, uptime_ms=1), is_clock_trusted=True)
    assert (model.verdict, clock.verdict) == (Verdict.LOOK, Verdict.LOOK)
    model, _ = check_regulator(Reading(time_ms=NOON_MS, boot=1, uptime_ms=1, model="PL80"), is_clock_trusted=True)
    assert model.found == "PL80, system voltage unknown"
