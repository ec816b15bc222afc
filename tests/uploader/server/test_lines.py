"""The lines of rows, as the uploader makes them: their texts are remembered, and yet each number is exactly its own."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from journal.reading import Day, Reading
from journal.sites import SiteStretch
from journal.texts import MOST, Texts
from journal.writer import JournalWriter
from uploader.server.line_protocol import COLUMNS, lines

SITES = [SiteStretch(0, 2**62, "home")]


def texts_of(values: list[float]) -> list[str]:
    """What stands in the lines for these values of one field."""
    place = COLUMNS["readings"].index("battery_volts")
    width = len(COLUMNS["readings"])
    rows = [(n, n, None, *[None] * (place - 3), value, *[None] * (width - place - 1)) for n, value in enumerate(values)]
    return [each.text.split(" ")[1].removeprefix("battery_volts=") for each in lines(rows, "readings", SITES)]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False).filter(bool)))
def test_any_double_stands_as_python_writes_it(values: list[float]) -> None:
    assert texts_of(values) == [repr(value) for value in values]


def test_what_a_register_can_say_stands_as_python_writes_it() -> None:
    """A byte times an integer, divided by an integer; and the product of two such."""
    scaled = [byte * times / by for byte in range(1, 256) for times in (1, 2, 3, 4) for by in (1, 5, 10, 20)]
    watts = [volts * amps for volts in scaled[::17] for amps in scaled[::13]]
    assert texts_of(scaled + watts) == [repr(value) for value in scaled + watts]


def test_rows_of_the_journal_give_the_lines_of_their_records(tmp_path: Path) -> None:
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        boot = journal.boot_number("boot")
        for number in range(5):
            journal.append(
                Reading(
                    time_ms=1_700_000_000_000 + number,
                    boot=boot,
                    uptime_ms=number,
                    model="PL 80" if number % 2 else None,
                    battery_volts=0.1 + number if number else None,
                    alarm=number % 2,
                    regulator_state='bo"ost' if number == 3 else None,
                )
            )
        rows = journal.values("readings", COLUMNS["readings"], 1, 5)
        made = [each.text for each in lines(rows, "readings", journal.sites("readings"))]
    assert made == [
        "solar,site=home alarm=0.0 1700000000000",
        "solar,model=PL\\ 80,site=home battery_volts=1.1,alarm=1.0 1700000000001",
        "solar,site=home battery_volts=2.1,alarm=0.0 1700000000002",
        'solar,model=PL\\ 80,site=home battery_volts=3.1,regulator_state="bo\\"ost",alarm=1.0 1700000000003',
        "solar,site=home battery_volts=4.1,alarm=0.0 1700000000004",
    ]


def test_what_is_remembered_does_not_grow_for_ever() -> None:
    texts = Texts(repr)
    assert [texts[n] for n in range(2 * MOST)] == [repr(n) for n in range(2 * MOST)]
    assert len(texts) <= MOST


def test_a_day_has_a_second_line_with_what_its_readings_add_up_to(tmp_path: Path) -> None:
    whole = Day(
        time_ms=1_780_315_200_000, date="2026-06-01", model="PL80", charge_amp_hours=241.0, coverage_percent=99.5,
        measured_charge_amp_hours=240.1, measured_load_amp_hours=200.0, measured_charge_watt_hours=6000.5,
        measured_load_watt_hours=5000.25, depth_of_discharge_percent=31.5, night_used_amp_hours=80.25,
        night_used_percent=29.0, autonomy_days=2.5, days_since_full=0.25,
    )  # fmt: skip
    days = [
        whole,
        replace(
            whole, time_ms=whole.time_ms + 1, date="2026-06-02", measured_charge_watt_hours=None, autonomy_days=None
        ),
    ]
    days.append(Day(time_ms=whole.time_ms + 2, date="2026-06-03", charge_amp_hours=7.0, coverage_percent=0.0))
    with JournalWriter.create(tmp_path / "journal.db", "my cabin") as journal:
        journal.append_all(days)
        rows = journal.values("days", COLUMNS["days"], 1, 3)
        made = [each.text for each in lines(rows, "days", journal.sites("days"))]
    assert made[2] == (
        "solar_day,site=my\\ cabin "
        'date="2026-06-03",date_is_estimated=0.0,charge_amp_hours=7.0,coverage_percent=0.0 1780315200002'
    )
    tags = ",model=PL80,site=my\\ cabin"
    amp_hours = "charge_amp_hours=240.1,load_amp_hours=200.0"
    night = "depth_of_discharge_percent=31.5,night_used_amp_hours=80.25,night_used_percent=29.0"
    assert [text.partition("\n")[2] for text in made] == [
        f"solar_energy_day{tags} {amp_hours},charge_watt_hours=6000.5,load_watt_hours=5000.25,"
        "balance_amp_hours=40.1,balance_watt_hours=1000.25,coverage_percent=99.5,"
        f"{night},autonomy_days=2.5,days_since_full=0.25 1780315200000",
        f"solar_energy_day{tags} {amp_hours},load_watt_hours=5000.25,balance_amp_hours=40.1,coverage_percent=99.5,"
        f"{night},days_since_full=0.25 1780315200001",
        "",
    ]
