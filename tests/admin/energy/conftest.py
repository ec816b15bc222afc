"""Journals whose energy is known by hand."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from journal.reading import Reading
from journal.writer import JournalWriter
from tests.admin.conftest import reading

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
BEGAN_MS = 1_780_272_000_000
"""2026-06-01T00:00:00Z, a Monday."""


@pytest.fixture
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield from in_zone("UTC", monkeypatch)


def in_zone(zone: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", zone)
        time.tzset()
        yield
    time.tzset()


def sunny(time_ms: int) -> Reading:
    """Every day: 20 A of charge from 6 to 18 h and 10 A of load all day long, at 25 V; full at dusk, 70 % at dawn."""
    hour = (time_ms - BEGAN_MS) / HOUR_MS % 24
    is_day = 6 <= hour < 18
    since_dusk = (hour - 18) % 24
    percent = 100 - 30 * since_dusk / 12 if not is_day else 70 + 30 * (hour - 6) / 12
    return replace(
        reading(1),
        time_ms=time_ms,
        battery_volts=25.0,
        state_of_charge_percent=percent,
        charge_amps=20.0 if is_day else 0.0,
        load_amps=10.0,
        charge_watts=500.0 if is_day else 0.0,
        load_watts=250.0,
        regulator_state="float" if 17 <= hour < 18 else "boost",
    )


def write(
    data: Path,
    hours: float,
    *,
    since_hours: float = 0,
    every_seconds: float = 60,
    make: Callable[[int], Reading] = sunny,
) -> None:
    """Readings of `hours`, `since_hours` after BEGAN_MS."""
    first = BEGAN_MS + int(since_hours * HOUR_MS)
    with JournalWriter.create(data / "journal.db") as journal:
        journal.boot_number("a boot")
        journal.append_all(
            make(first + round(n * every_seconds * 1000)) for n in range(int(hours * 3600 / every_seconds))
        )
