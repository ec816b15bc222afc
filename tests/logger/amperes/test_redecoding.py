"""Readings that were decoded with a wrong scale become right, a portion at a time, whatever happens in between."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from journal.reading import Day, Reading
from journal.recovery import recover
from journal.revisions import Decoding
from journal.writer import JournalWriter
from logger.amperes.adopted_steps import FILE, StepsInForce, save
from logger.amperes.redecoding import READINGS_AT_ONCE, Redecoding, adopted_in, scale_name
from logger.regulator.models import AdoptedSteps, Steps
from logger.regulator.registers import decode, pairs
from tests.logger.bench import RAM, Bench

COUNT = 2 * READINGS_AT_ONCE + 50
MINUTE = 60_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def fill(journal: JournalWriter, count: int = COUNT) -> None:
    for n in range(count):
        taken = decode(RAM, time_ms=n * MINUTE, boot=1, uptime_ms=n * MINUTE)
        journal.append(replace(taken, time_uncertainty_seconds=3.0, wall_ms=7))
    journal.append(Day(time_ms=1, date="2026-06-01", began_ms=0, ended_ms=60 * MINUTE, measured_charge_amp_hours=20.8))


def in_force(path: Path, charge: str = "0.5") -> StepsInForce:
    save(path.with_name(FILE), (AdoptedSteps("PL80", Fraction(charge)),))
    return StepsInForce(path.with_name(FILE), Steps())


def readings(journal: JournalWriter) -> list[Reading]:
    return [each for each in journal.records("readings", 1, 10_000) if isinstance(each, Reading)]


def all_of(redecoding: Redecoding) -> int:
    portions = 0
    while redecoding.portion():
        portions += 1
    return portions


def test_a_journal_that_is_right_is_left_alone(path: Path) -> None:
    with JournalWriter.create(path) as journal:
        fill(journal)
        before = readings(journal)
        redecoding = Redecoding(journal, StepsInForce(path.with_name(FILE), Steps()))
        assert (redecoding.portion(), redecoding.left) == (False, 0)
        assert (readings(journal), journal.revisions()) == (before, [])
        assert journal.decoding() == Decoding(scale_name(Steps()))


def test_only_what_the_bytes_tell_becomes_new(path: Path) -> None:
    with JournalWriter.create(path) as journal:
        fill(journal)
        before = readings(journal)
        all_of(Redecoding(journal, in_force(path)))
        steps = in_force(path).now()
        for was, now in zip(before, readings(journal), strict=True):
            right = decode(RAM, steps, time_ms=was.time_ms, boot=1, uptime_ms=was.uptime_ms)
            assert now == replace(right, id=was.id, time_uncertainty_seconds=3.0, wall_ms=7)
            assert now.internal_charge_amps == was.internal_charge_amps / 0.4 * 0.5
        revised = journal.revisions()
        assert [(each.first_id, each.last_id) for each in revised] == [(251, 450), (51, 250), (1, 50)]
        assert [each.number for each in revised] == sorted({each.number for each in revised})


def test_a_counter_whose_high_byte_was_not_read_for_the_row_keeps_its_value(path: Path) -> None:
    """RAM 189 holds 1: 300 Ah, of which the row's bytes have only the 44."""
    low_only = {address: value for address, value in RAM.items() if address != 189}
    taken = decode(low_only, time_ms=1, boot=1, uptime_ms=1, reading_seconds=3.5, known_highs={189: 1})
    with JournalWriter.create(path) as journal:
        journal.append(taken)
        all_of(Redecoding(journal, in_force(path)))
        (again,) = readings(journal)
    assert again == replace(taken, id=1, internal_charge_amps=26.0, charge_amps=31.7, charge_watts=868.58)
    assert again.internal_charge_amp_hours == 300.0


def test_the_days_are_added_up_anew_when_the_readings_are_done(path: Path) -> None:
    with JournalWriter.create(path) as journal:
        fill(journal)
        all_of(Redecoding(journal, in_force(path)))
        (day,) = journal.records("days", 1, 100)
        amps = readings(journal)[0].charge_amps
        assert (day.id, day.measured_charge_amp_hours, day.coverage_percent) == (
            2,
            pytest.approx(amps, abs=0.01),
            100.0,
        )


@pytest.mark.parametrize("portions", range(5))
def test_broken_off_at_any_portion_it_goes_on_where_it_was(path: Path, portions: int) -> None:
    with JournalWriter.create(path) as journal:
        fill(journal)
        redecoding = Redecoding(journal, in_force(path))
        for _ in range(portions):
            assert redecoding.portion()
        done = len(journal.revisions())
    with JournalWriter.create(path) as journal:
        taken = decode(RAM, in_force(path).now(), time_ms=COUNT * MINUTE, boot=2, uptime_ms=5)
        journal.append(taken)
        all_of(Redecoding(journal, in_force(path)))
        assert len(journal.revisions()) == 3
        assert done == min(portions, 3)
        assert {each.internal_charge_amps for each in readings(journal)} == {26.0}
        assert journal.decoding() == Decoding(scale_name(in_force(path).now()))


@pytest.mark.parametrize(("before", "is_done"), [("0.5", False), ("0.3", True), (None, True), ("damaged", True)])
def test_what_was_recovered_is_decoded_again_unless_the_scale_was_the_same(
    path: Path, tmp_path: Path, before: str | None, *, is_done: bool
) -> None:
    with JournalWriter.create(tmp_path / "damaged" / "journal.db") as damaged:
        steps = in_force(path, before).now() if before in {"0.3", "0.5"} else Steps()
        damaged.append(decode(RAM, steps, time_ms=MINUTE, boot=damaged.boot_number("a"), uptime_ms=1))
        damaged.append(Day(time_ms=1, date="2026-06-01"))
        if before:
            damaged.note_decoding(Decoding(scale_name(steps)))
        if before == "damaged":
            damaged._connection.execute("DROP TABLE decoding")
    with JournalWriter.create(path) as journal:
        all_of(Redecoding(journal, in_force(path)))
        recover(damaged.path, journal)
        assert all_of(Redecoding(journal, in_force(path))) == (2 if is_done else 0)
        assert [each.internal_charge_amps for each in readings(journal)] == [26.0]
        assert len(journal.revisions()) == is_done
        recover(damaged.path, journal)
        recover(damaged.path, journal)
        assert adopted_in(journal.decoding().scale) == in_force(path).now().adopted


def test_a_scale_that_changes_meanwhile_is_the_one_that_counts(path: Path) -> None:
    with JournalWriter.create(path) as journal:
        fill(journal)
        steps = in_force(path, "0.5")
        redecoding = Redecoding(journal, steps)
        redecoding.portion()
        in_force(path, "0.3")
        all_of(redecoding)
        assert {each.internal_charge_amps for each in readings(journal)} == {15.6}


def test_readings_without_bytes_and_of_other_models_stay_as_they_are(path: Path) -> None:
    with JournalWriter.create(path) as journal:
        journal.append(Reading(time_ms=1, boot=1, uptime_ms=1, charge_amps=5.0))
        journal.append(decode({0: 200, 213: 52, 207: 0}, time_ms=2, boot=1, uptime_ms=2))
        before = readings(journal)
        all_of(Redecoding(journal, in_force(path)))
        assert (readings(journal), journal.revisions()) == (before, [])
        assert before[1].raw == pairs({0: 200, 213: 52, 207: 0})


@pytest.mark.parametrize(
    "adopted",
    [
        (),
        (AdoptedSteps("PL80", Fraction(1, 2), None),),
        (AdoptedSteps("PL60", None, Fraction(3, 7)), AdoptedSteps("PL80", Fraction(2, 5), Fraction(1, 4))),
    ],
)
@pytest.mark.parametrize("given", [None, "0.45"])
def test_the_name_of_a_scale_tells_what_was_adopted(adopted: tuple[AdoptedSteps, ...], given: str | None) -> None:
    assert adopted_in(scale_name(replace(Steps.of(given, None), adopted=adopted))) == adopted


def test_a_damaged_calibration_at_a_start_undoes_nothing(path: Path) -> None:
    """It would decode everything with the guess again, and send it over what is right."""
    calibration = path.with_name(FILE)
    save(calibration, (AdoptedSteps("PL80", Fraction(1, 2), None),))
    with JournalWriter.create(path) as journal:
        journal.append(decode(pairs(RAM), Steps(), time_ms=1, boot=1, uptime_ms=1))
        assert all_of(Redecoding(journal, StepsInForce(calibration, Steps())))
        right = journal.get("readings", 1)
        calibration.write_text('{"PL80": 5')
        decoding = journal.decoding()
        assert decoding is not None
        again = Redecoding(journal, StepsInForce(calibration, Steps(), adopted_in(decoding.scale)))
        assert not again.portion()
        assert journal.get("readings", 1) == right
        calibration.unlink()
        assert again.portion()
        assert journal.get("readings", 1) != right


def test_in_the_loggers_gaps_it_does_a_portion_at_least_and_sets_the_regulators_steps(path: Path) -> None:
    with JournalWriter.create(path) as journal:
        fill(journal)
        redecoding = Redecoding(journal, in_force(path))
        regulator = Bench().regulator()
        assert redecoding.work(regulator, lambda: False) == []
        assert (regulator.steps, len(journal.revisions())) == (in_force(path).now(), 1)
        redecoding.work(regulator, lambda: True)
        assert (redecoding.left, len(journal.revisions())) == (0, 3)
        assert regulator.read().internal_charge_amps == 26.0


def test_a_file_system_that_is_read_only_puts_it_off(path: Path) -> None:
    with JournalWriter.create(path) as journal:
        fill(journal)
        redecoding = Redecoding(journal, in_force(path))
        journal._connection.execute("PRAGMA query_only = ON")
        redecoding.work(Bench().regulator(), lambda: True)
        assert {each.internal_charge_amps for each in readings(journal)} == {20.8}
        journal._connection.execute("PRAGMA query_only = OFF")
        redecoding.work(Bench().regulator(), lambda: True)
        assert {each.internal_charge_amps for each in readings(journal)} == {26.0}
