"""Makes journals of any length, always with the same readings: 26 fields, in the steps of the regulator's registers and
with as many digits as the logger gives them. And reads their lines."""

import math
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from itertools import islice
from pathlib import Path

from journal.journal import Journal
from journal.reading import Reading
from journal.writer import JournalWriter
from uploader.server.line_protocol import COLUMNS, lines

FIRST_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""
EVERY_MS = 10_000
DAY_SECONDS = 86_400
ADDRESSES = bytes(range(50, 78))


def readings(count: int, boot: int, first_ms: int = FIRST_MS) -> Iterator[Reading]:
    """A bank of 24 V with days and nights, clouds and a changing load. The readings are the same each time."""
    chance = random.Random(12)
    cloud, fridge, charged, used = 1.0, 2.0, 0.0, 0.0
    for number in range(count):
        seconds = number * EVERY_MS // 1000
        day_part = seconds % DAY_SECONDS / DAY_SECONDS
        cloud = min(max(cloud + chance.gauss(0, 0.02), 0.2), 1.0)
        if chance.random() < 0.005:
            fridge = chance.choice((2.0, 2.4, 9.6))
        charge_steps = round(max(math.sin((day_part - 0.25) * 2 * math.pi), 0.0) * 150 * cloud)
        charge_amps, load_amps = charge_steps * 2 / 5, round(fridge * 5) / 5
        if seconds % DAY_SECONDS == 0:
            charged = used = 0.0
        charged += charge_amps / 360
        used += load_amps / 360
        volts = round(248 + charge_steps / 10 - load_amps / 2 + chance.random()) / 10
        # fmt: off
        yield Reading(
            time_ms=first_ms + number * EVERY_MS + chance.randrange(40), boot=boot, uptime_ms=number * EVERY_MS,
            model="PL80", battery_volts=volts, battery_celsius=float(18 + round(8 * day_part)),
            state_of_charge_percent=float(round(60 + 35 * day_part)), charge_amps=charge_amps, load_amps=load_amps,
            internal_charge_amps=charge_amps, internal_load_amps=load_amps,
            charge_watts=round(volts * charge_amps, 2), load_watts=round(volts * load_amps, 2),
            charge_amp_hours=float(int(charged)), load_amp_hours=float(int(used)),
            internal_charge_amp_hours=float(int(charged)), external_charge_amp_hours=0.0,
            internal_load_amp_hours=float(int(used)), external_load_amp_hours=0.0,
            regulator_state="boost" if charge_steps else "float", duty_cycle_percent=float(charge_steps * 100 // 150),
            battery_max_volts=28.8, battery_min_volts=24.2, solar_volts=36.0 if charge_steps else 0.0,
            load_disconnected=0, generator_running=0, alarm=0, solar_disconnected=0,
            regulator_clock_seconds=float(seconds % DAY_SECONDS),
            raw=bytes(byte for address in ADDRESSES for byte in (address, chance.randrange(4) + charge_steps % 250)),
            reading_seconds=round(chance.gauss(3.6, 0.2), 1),
        )
        # fmt: on


AT_ONCE = 100_000


def make(path: Path, count: int, boots: int = 1) -> Path:
    """A journal with `count` readings, spread evenly over `boots` boots of the computer.

    A long one of a single boot has the same 100,000 readings again and again, as making each takes minutes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    times, rest = divmod(count, AT_ONCE)
    if boots == 1 and times > 1 and not rest:
        make(path, AT_ONCE)
        _multiply(path, times)
        return path
    with JournalWriter.create(path) as journal:
        each = count // boots
        for nth in range(boots):
            boot = journal.boot_number(f"boot-{nth:06d}")
            journal.append_all(readings(each, boot, FIRST_MS + nth * each * EVERY_MS))
    return path


def _multiply(path: Path, times: int) -> None:
    """Append all readings of a journal with one boot again, `times` - 1 times, each time later. Quicker than `make`."""
    with closing(sqlite3.connect(path)) as connection, connection:
        count, span = connection.execute(
            "SELECT max(id), max(time_ms) - min(time_ms) + ? FROM readings", (EVERY_MS,)
        ).fetchone()
        own = [field.name for field in fields(Reading) if field.name not in ("id", "time_ms", "uptime_ms")]
        names = ", ".join(own)
        for nth in range(1, times):
            connection.execute(
                f"""
                INSERT INTO readings (id, time_ms, uptime_ms, {names})
                SELECT id + :ids, time_ms + :ms, uptime_ms + :ms, {names}
                FROM readings
                WHERE id <= :last
                """,
                {"ids": nth * count, "ms": nth * span, "last": count},
            )


def batches(path: Path, each: int) -> Iterator[list[str]]:
    """The lines of a journal's readings, so many at a time."""
    with Journal.open(path) as journal:
        rows = journal.values("readings", COLUMNS["readings"], 1, journal.last_id("readings"))
        texts = (line.text for line in lines(rows, "readings", journal.sites("readings")))
        while batch := list(islice(texts, each)):
            yield batch
