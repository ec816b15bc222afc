"""What SQLite sums up for the charts is what the readings themselves say."""

import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from admin.report.charts import collect, span_of
from admin.report.pixels import DAY_MS
from benchmarks.journals import EVERY_MS, FIRST_MS, readings
from journal.journal import Journal
from journal.reading import Reading
from journal.writer import JournalWriter
from logger.energy.quarters import QUANTITIES


def test_the_charts_have_every_extreme_and_every_gap_of_the_readings(tmp_path: Path) -> None:
    """With gaps, clocks set back, and quantities that are absent for a while, now and then, or always."""
    path, taken = journal_with_gaps(tmp_path / "journal.db")
    for since_ms, until_ms in ((0, 2**62), (FIRST_MS + 777, FIRST_MS + 3_600_000), (FIRST_MS, FIRST_MS + 30_000_000)):
        with Journal.open(path) as journal:
            ranges = journal.id_ranges("readings", since_ms, until_ms)
            span = span_of(journal, ranges, since_ms, until_ms)
            drawn = collect(journal, ranges, span)
        inside = [taken[each - 1] for first, last in ranges for each in range(first, last + 1)]
        times = [reading.time_ms for reading in inside]
        gaps = [after - before for before, after in pairwise(times) if after - before > span.gap_ms]
        assert (drawn.readings, drawn.gaps, drawn.missing_ms) == (len(inside), len(gaps), sum(gaps))
        for name in QUANTITIES:
            expected: dict[int, list[tuple[int, float]]] = {}
            for reading in inside:
                if (value := getattr(reading, name)) is not None:
                    place = int((reading.time_ms - span.since_ms) / drawn.columns[name].width_ms)
                    expected.setdefault(place, []).append((reading.time_ms, value))
            found = {
                column.place: (column.first_ms, column.last_ms, column.lowest, column.highest, column.number)
                for column in drawn.columns[name]
            }
            assert found == {
                place: (min(values)[0], max(values)[0], *extremes([value for _, value in values]), len(values))
                for place, values in expected.items()
            }
            for column in drawn.columns[name]:
                assert abs(column.total - sum(value for _, value in expected[column.place])) < 1e-6


def extremes(values: list[float]) -> tuple[float, float]:
    return min(values), max(values)


def journal_with_gaps(path: Path) -> tuple[Path, list[Reading]]:
    chance = random.Random(5)
    taken: list[Reading] = []
    with JournalWriter.create(path) as journal:
        moved_ms = 0
        for nth in range(4):
            boot = journal.boot_number(f"boot-{nth}")
            moved_ms += (0, 10 * DAY_MS, 10 * DAY_MS, -11 * DAY_MS)[nth]  # so that some gaps lie within a column
            for number, reading in enumerate(readings(1500, boot, FIRST_MS + nth * 1500 * EVERY_MS)):
                if chance.random() < 0.003:
                    moved_ms += chance.choice((200_000, 301_000, 900_000, 20_000_000))
                absent: dict[str, None] = {}
                if number // 50 % 7 == 3:
                    absent["state_of_charge_percent"] = None
                if chance.random() < 0.2:
                    absent["load_amps"] = None
                if nth == 2:
                    absent["charge_amps"] = None
                taken.append(replace(reading, time_ms=reading.time_ms + moved_ms, **absent))
            journal.append_all(taken[1500 * nth :])
        stored = [record for record in journal.records("readings", 1, len(taken)) if isinstance(record, Reading)]
    return path, stored
