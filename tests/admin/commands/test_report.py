"""The report is read as the XML that it is: what is in its charts, its tables, and what never may be."""

import hashlib
import json
import re
import time
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from admin.report.axis import time_marks
from admin.report.drawing import Bar, bars
from journal.reading import Day, Event
from journal.writer import JournalWriter
from tests.admin.conftest import FIRST_MS, Solar, contents, event, reading

HTML, SVG = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2000/svg}"
HOUR_MS = 3_600_000


def page(path: str = "report.html") -> ElementTree.Element:
    return ElementTree.fromstring(Path(path).read_text())  # noqa: S314  # our own


def charts(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """The figures by the first word of their title."""
    return {
        (figure.find(f"{HTML}figcaption").text or "").split(",")[0]: figure for figure in root.iter(f"{HTML}figure")
    }  # type: ignore[union-attr]


def told(root: ElementTree.Element, chart: str) -> dict[str, Any]:
    """What the script knows of a chart."""
    (drawing,) = [each for each in charts(root)[chart].iter(f"{HTML}div") if each.get("data-values")]
    known: dict[str, Any] = json.loads(drawing.get("data-values") or "")
    return known


def rows(root: ElementTree.Element, heading: str) -> list[list[str]]:
    for section in root.iter(f"{HTML}section"):
        if section.findtext(f"{HTML}h2") == heading:
            return [["".join(cell.itertext()) for cell in row] for row in section.iter(f"{HTML}tr")][1:]
    return []


def day(date: str, **values: object) -> Day:
    time_ms = FIRST_MS + int(date[-2:]) * 24 * HOUR_MS
    return Day(time_ms=time_ms, date=date, **values)  # type: ignore[arg-type]


def fill_hours(hours: Iterable[float], *records: Day | Event, every_seconds: int = 60, charge_amps: float = 12) -> None:
    """Readings in hours from FIRST_MS on, half an hour each, of rising voltage."""
    with JournalWriter.create(Path("data/journal.db")) as journal:
        journal.boot_number("a boot")
        count = 1800 // every_seconds
        journal.append_all(
            replace(
                reading(1),
                time_ms=FIRST_MS + int(hour * HOUR_MS) + n * every_seconds * 1000,
                battery_volts=24.0 + n / count,
                state_of_charge_percent=80.0,
                load_amps=None,
                charge_amps=charge_amps,
            )
            for hour in hours
            for n in range(count)
        )
        journal.append_all(records)


SINCE = ("--since", "2026-01-01", "--until", "2026-02-01")


def test_a_page_with_charts_days_and_events(solar: Solar) -> None:
    days = [day("2026-01-02", charge_amp_hours=120.0, load_amp_hours=90.0, battery_min_volts=24.2)]
    days.append(day("2026-01-03", charge_amp_hours=60.0, date_is_estimated=1))
    fill_hours(
        range(3), *days, event(1, "started", "logger 0.1.0 started"), event(2, "silent", "the regulator is silent")
    )
    ran = solar("report", "--output", "report.html", "--site", "The <Barn> & co", *SINCE)
    assert (ran.code, ran.out) == (0, "")
    assert re.fullmatch(r"report.html: 90 readings, \d+ kB\n", ran.err)
    root = page()
    assert root.findtext(f"{HTML}head/{HTML}title") == "Solar site The <Barn> & co"
    assert "".join(next(root.iter(f"{HTML}header")).itertext()).startswith("Solar site The <Barn> & co2026-01-01 ")
    assert list(charts(root)) == ["Battery", "State of charge", "Current", "Charge per day"]
    assert rows(root, "Days") == [
        ["2026-01-03 *", "-", "-", "60", "-", "-"],
        ["2026-01-02", "24.2", "-", "120", "90", "-"],
    ]
    assert [row[1] for row in rows(root, "Events")] == ["the regulator is silent", "logger 0.1.0 started"]


def test_each_chart_has_words_for_those_who_do_not_see_it(solar: Solar) -> None:
    fill_hours([0], day("2026-01-01", charge_amp_hours=120.0, load_amp_hours=90.0))
    solar("report", *SINCE)
    drawings = page().findall(f".//{SVG}svg[@role='img']")
    assert [drawing.get("aria-label") for drawing in drawings] == [
        "Battery: battery from 24.0 to 25.0 volts.",
        "State of charge: state of charge from 80.0 to 80.0 percent.",
        "Current: charge from 12.0 to 12.0 amperes.",
        "Charge per day, 1 Jan to 1 Jan, in total: 120 Ah charged, 90 Ah used.",
    ]
    assert told(page(), "Charge per day") == {
        "unit": "Ah",
        "names": ["charged", "used"],
        "points": [[0.5, "1 Jan", 120.0, 90.0]],
    }


def line(root: ElementTree.Element, chart: str, style: str = "line") -> str:
    (path,) = [each for each in charts(root)[chart].iter(f"{SVG}path") if style in (each.get("class") or "").split()]
    return path.get("d") or ""


def test_what_is_missing_is_a_gap_in_the_line(solar: Solar) -> None:
    fill_hours([0, 0.5, 3, 3.5])
    solar("report", *SINCE)
    runs = line(page(), "Battery").split("M")[1:]
    assert len(runs) == 2
    ends = [float(re.split("[ L]", runs[0])[-2]), float(runs[1].split(" ")[0])]
    # One hour, two hours without readings, one hour: of four hours less the last minute.
    assert ends == pytest.approx([199, 601], abs=4)
    assert "1, 2 hours in total" in "".join(page().itertext())


def test_the_pace_of_a_low_battery_is_no_gap(solar: Solar) -> None:
    """A reading every ten minutes (journal/saving.py), then the usual pace again."""
    fill_hours((n / 6 for n in range(12)), every_seconds=1800)
    fill_hours([2], every_seconds=10)
    solar("report", *SINCE)
    assert line(page(), "Battery").count("M") == 1
    assert "Gapsnone" in "".join(page().itertext())


def test_the_band_reaches_from_the_lowest_to_the_highest(solar: Solar) -> None:
    fill_hours(range(0, 480, 1), every_seconds=300)
    solar("report", *SINCE)
    band = line(page(), "Battery", "band")
    heights = [float(point.split(" ")[1].rstrip("Z")) for point in re.split("[ML]", band)[1:]]
    # Six readings in half an hour, from 24.0 to 24.83 V.
    marks = [mark.text for mark in charts(page())["Battery"].iter(f"{SVG}text") if mark.get("class") == "y"]
    low, high = float(marks[0] or 0), float(marks[-1] or 0)
    assert (max(heights), min(heights)) == (200.0, pytest.approx(200 * (high - (24 + 5 / 6)) / (high - low), abs=0.1))


def test_a_year_of_readings_is_still_a_light_page(solar: Solar) -> None:
    days = [day(f"2026-01-{1 + n % 28:02d}", charge_amp_hours=1.0) for n in range(28)]
    fill_hours((hour * 8 for hour in range(1100)), *days, every_seconds=200)
    solar("report", "--since", "2026-01-01", "--until", "2027-01-10")
    assert Path("report.html").stat().st_size < 300_000
    assert line(page(), "Battery").count("L") < 400


def test_over_many_days_the_bars_are_months(solar: Solar) -> None:
    days = [
        Day(time_ms=FIRST_MS + n * 24 * HOUR_MS, date=f"2026-{1 + n // 25:02d}-{1 + n % 25:02d}", charge_amp_hours=2.0)
        for n in range(75)
    ]
    fill_hours([0, 24 * 80], *days)
    solar("report", "--since", "2026-01-01", "--until", "2026-12-01")
    assert [point[1:] for point in told(page(), "Charge per month")["points"]] == [
        [f"2026-0{month}", 50.0, None] for month in (1, 2, 3)
    ]


HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(1)> & \"quoted\" 'too' \x00\x1b\x0b ]]> ü"


def test_nothing_that_an_event_or_a_name_says_becomes_part_of_the_page(solar: Solar) -> None:
    fill_hours([0], event(1, "odd", HOSTILE), event(2, "x", "&amp;"))
    assert solar("report", "--site", "<script>x</script>", *SINCE).code == 0
    root = page()
    tags = {element.tag.split("}")[1] for element in root.iter()}
    assert tags & {"img", "iframe", "link", "object", "a"} == set()
    (script,) = root.iter(f"{HTML}script")
    assert "alert(1)" not in (script.text or "")
    assert [row[1] for row in rows(root, "Events")] == [
        "&amp;",
        "</td><script>alert(1)</script><img src=x onerror=alert(1)> & \"quoted\" 'too' \\x00\\x1b\\x0b ]]> ü",
    ]


def test_the_page_needs_nothing_from_elsewhere(solar: Solar) -> None:
    fill_hours([0])
    solar("report", *SINCE)
    text = Path("report.html").read_text()
    assert set(re.findall(r"[a-z]+://[^\"' ]+", text)) == {"http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg"}
    assert not re.search(r"url\(|@import|src=|href=", text)


def test_the_browser_runs_the_pages_own_script_and_no_other(solar: Solar) -> None:
    fill_hours([0])
    solar("report", *SINCE)
    (script,) = page().iter(f"{HTML}script")
    digest = b64encode(hashlib.sha256((script.text or "").encode()).digest()).decode()
    (policy,) = [meta.get("content") for meta in page().iter(f"{HTML}meta") if meta.get("http-equiv")]
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_nights_are_shaded_unless_the_period_is_too_long_for_it(solar: Solar) -> None:
    """As on the site's own page."""
    fill_hours([0])
    fill_hours((24 * 33 + n / 2 for n in range(16)), charge_amps=0.1)
    solar("report", "--since", "2026-02-01", "--until", "2026-03-01")
    figures = charts(page())
    assert [figures[name].find(f".//{SVG}rect[@class='night']") is None for name in ("Battery", "Current")] == [
        False
    ] * 2
    assert "Grey: night." in "".join(page().itertext())
    solar("report", "--since", "2026-01-01", "--until", "2026-03-01")
    assert "Grey: night." not in "".join(page().itertext())
    assert page().find(f".//{SVG}rect[@class='night']") is None


def test_where_no_reading_is_it_says_where_there_are_some(solar: Solar) -> None:
    fill_hours([0])
    ran = solar("report", "--since", "2025-01-01", "--until", "2025-02-01")
    assert (ran.code, ran.out) == (1, "")
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(FIRST_MS / 1000))
    assert f"there are no readings; the journal has readings from {since} to " in ran.err
    assert not Path("report.html").exists()


def test_the_journal_itself_is_never_overwritten(solar: Solar) -> None:
    fill_hours([0])
    before = contents(Path("data"))
    assert solar("report", "--output", "data/journal.db", *SINCE).code == 2
    assert contents(Path("data")) == before


def test_an_old_report_stays_whole_when_a_new_one_fails(solar: Solar) -> None:
    fill_hours([0])
    Path("report.html").write_text("the old one")
    assert solar("report", "--since", "2025-01-01", "--until", "2025-02-01").code == 1
    assert Path("report.html").read_text() == "the old one"
    assert sorted(path.name for path in Path().iterdir()) == ["data", "report.html"]


def test_one_reading_is_a_page_without_empty_charts_and_tables(solar: Solar) -> None:
    fill_hours([0], every_seconds=1800)
    assert solar("report", *SINCE).code == 0
    at = time.strftime("%Y-%m-%d %H:%M", time.localtime(FIRST_MS / 1000))
    assert [words for each in page().iter(f"{HTML}p") if (words := "".join(each.itertext()))] == [
        f"{at}, {time.strftime('%Z', time.localtime(FIRST_MS / 1000))}",
        "Charge 12 A, load not known",
        f"{at}: PL80, 24.0 V, 80 % full, charge 12.0 A, boost",
        "There is only one reading in this time. The charts need two.",
        "There are no daily records in this period.",
    ]
    cards = {each.findtext(f"{HTML}dt"): each.findtext(f"{HTML}dd") for each in page().iter(f"{HTML}div")}
    assert (cards["Battery"], cards["State of charge"], cards["Readings"]) == ("24.0 V", "80 %", "1")
    assert (list(charts(page())), rows(page(), "Energy")) == (["Charge per day"], [])


def test_of_pruned_readings_all_that_are_left_are_drawn(solar: Solar) -> None:
    fill_hours([0, 1])
    with JournalWriter.create(Path("data/journal.db")) as journal:
        journal.prune([(1, 60)], FIRST_MS + 10 * 60_000, 2000)
    assert solar("report", *SINCE).code == 0
    at = time.strftime("%Y-%m-%d %H:%M", time.localtime(FIRST_MS / 1000 + 600))
    assert next(page().iter(f"{HTML}p")).text.startswith(f"{at} to ")


def test_a_sum_of_what_nobody_counted_is_not_zero() -> None:
    drawn = bars("Charge per day", "Ah", ("charged", "used"), [Bar("1 Jan", None, 90.0), Bar("2 Jan", None, None)])
    assert "Charge per day, 1 Jan to 2 Jan, in total: charged not known, 90 Ah used." in drawn


def test_it_begins_with_the_verdict_and_the_newest_reading(solar: Solar) -> None:
    fill_hours(range(3))
    solar("report", *SINCE)
    paragraphs = ["".join(each.itertext()) for each in page().iter(f"{HTML}p")]
    assert paragraphs[1] == "Charge 12 A, load not known"
    assert paragraphs[2].endswith(": PL80, 25.0 V, 80 % full, charge 12.0 A, boost")


def test_energy_is_that_of_the_period_alone(solar: Solar) -> None:
    fill_hours([0, 0.5, 1, 1.5])
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(FIRST_MS / 1000 + 3600))
    solar("report", "--since", "2026-01-01", "--until", until)
    # One hour of 12 A; the volts were not multiplied in these readings, and the load is not known.
    energy = {row[0]: row[1:] for row in rows(page(), "Energy")}
    assert energy["Today"][:5] == ["-", "-", "12", "-", "-"]


def test_an_axis_of_a_few_seconds_has_marks() -> None:
    marks = time_marks(FIRST_MS, FIRST_MS + 20_000)
    assert [mark.label for mark in marks] == [
        f"{time.strftime('%H:%M', time.localtime(FIRST_MS / 1000))}:{s:02d}" for s in (0, 5, 10, 15)
    ]
    assert len(time_marks(FIRST_MS, FIRST_MS + 1_000_000)) > 2
