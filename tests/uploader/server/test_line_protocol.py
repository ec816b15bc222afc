"""Lines are read back by a parser written from InfluxDB's documentation, and by a real InfluxDB."""

import math
import re
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.reading import Day, Event, Reading
from tests.lines import line
from tests.servers import Database
from tests.uploader.site import influx
from uploader.server.line_protocol import NOT_UPLOADED, tag_value
from uploader.server.outcomes import Sent

TEXTS = st.text(max_size=20)
SPECIAL_TEXTS = st.text(alphabet=' ,=\\"\n\tabé', max_size=12)
NUMBERS = st.none() | st.floats() | st.integers(-(2**40), 2**40)
NUMERIC = [f.name for f in fields(Reading) if "float" in str(f.type) or f.type == "int | None"]
UPLOADED = [name for name in NUMERIC if name not in NOT_UPLOADED]


def parsed(text: str) -> tuple[str, dict[str, str], dict[str, Any], int]:
    """Measurement, tags, fields and time: separators count where no backslash stands before them."""
    assert "\n" not in text
    match = re.fullmatch(r'((?:\\.|[^\\ ])+) ((?:"(?:\\.|[^"\\])*"|[^" ])+) (\d+)', text)
    assert match, text
    head, *tags = re.findall(r"(?:\\.|[^\\,])+", match[1])
    parts = re.findall(r'([^,=]+)=("(?:\\.|[^"\\])*"|[^,]+)', match[2])
    return (
        head,
        {name: re.sub(r"\\([ ,=])", r"\1", value) for name, _, value in (tag.partition("=") for tag in tags)},
        {n: re.sub(r'\\(["\\])', r"\1", v[1:-1]) if v[0] == '"' else float(v) for n, v in parts},
        int(match[3]),
    )


def reading(**values: Any) -> Reading:
    return Reading(time_ms=1_700_000_000_123, boot=1, uptime_ms=5, raw=b"\1\2", **values)


def test_a_reading_is_one_line_with_sorted_tags_and_float_fields() -> None:
    assert line(reading(id=7, model="PL80", battery_volts=25.4, alarm=0, regulator_state="boost"), "home") == (
        'solar,model=PL80,site=home battery_volts=25.4,regulator_state="boost",alarm=0.0 1700000000123'
    )


def test_a_day_goes_out_with_its_date() -> None:
    day = Day(time_ms=1_700_000_000_000, date="2023-11-14", model="PL40", charge_amp_hours=12, raw=b"\1")
    assert line(day, "home") == (
        'solar_day,model=PL40,site=home date="2023-11-14",date_is_estimated=0.0,charge_amp_hours=12.0 1700000000000'
    )


def test_an_event_goes_out_with_its_kind_as_a_tag() -> None:
    event = Event(time_ms=1_700_000_000_000, boot=1, uptime_ms=1, kind="started", message='said "hello"\nagain')
    assert line(event, "home") == 'solar_event,kind=started,site=home message="said \\"hello\\" again" 1700000000000'


@pytest.mark.parametrize("values", [{}, {"battery_volts": math.nan}, {"battery_volts": math.inf}, {"model": "PL80"}])
def test_a_record_without_a_field_has_no_line(values: dict[str, Any]) -> None:
    assert line(reading(**values), "home") is None


@given(st.dictionaries(st.sampled_from(UPLOADED), NUMBERS, min_size=1))
def test_every_number_comes_back_as_it_was(values: dict[str, float | None]) -> None:
    expected = {name: float(v) for name, v in values.items() if v is not None and math.isfinite(v)}
    text = line(reading(**values), "home")
    assert (parsed(text)[2] if text else {}) == expected


@given(TEXTS | SPECIAL_TEXTS, TEXTS | SPECIAL_TEXTS, TEXTS | SPECIAL_TEXTS)
def test_any_text_leaves_a_well_formed_line(site: str, model: str, state: str) -> None:
    text = line(reading(model=model, regulator_state=state, battery_volts=1.0), site)
    assert text is not None
    measurement, tags, values, time_ms = parsed(text)
    expected_tags = {"model": tag_value(model), "site": tag_value(site)}
    assert (measurement, time_ms) == ("solar", 1_700_000_000_123)
    assert tags == {name: value for name, value in expected_tags.items() if value}
    assert values == {
        "battery_volts": 1.0,
        "regulator_state": "".join(c if c.isprintable() else " " for c in state),
    }


@given(TEXTS | SPECIAL_TEXTS)
def test_a_tag_value_is_stable(text: str) -> None:
    """What the server stores, given again, is stored as the same."""
    assert tag_value(tag_value(text)) == tag_value(text)


@pytest.mark.parametrize("site", ["a b,c=d", "tail\\", "mid\\dle", "a\\ b", "two\\\\", 'quo"te', "Zürich", "a\nb"])
def test_a_real_influxdb_stores_awkward_texts_as_they_are(site: str, database: Database) -> None:
    text = line(reading(model="x", regulator_state=site, battery_volts=1.5), site)
    assert text is not None
    with influx(database.target) as writer:
        assert writer.write([text]) == Sent()
    (row,) = database.rows("solar")
    assert (row["site"], row["regulator_state"]) == (tag_value(site), site.replace("\n", " "))


def test_ids_boots_and_raw_bytes_stay_at_home() -> None:
    text = line(reading(id=7, battery_volts=1.0), "home")
    assert text is not None
    assert set(parsed(text)[2]) == {"battery_volts"}
