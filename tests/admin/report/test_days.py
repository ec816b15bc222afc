import html
import json
import re
from collections.abc import Sequence

from admin.report.days import bars_of_days
from journal.reading import Day


def points(dates: Sequence[str]) -> list[list[object]]:
    """Label and charge of each pair of bars."""
    drawn = bars_of_days([Day(time_ms=1, date=date, charge_amp_hours=100.0) for date in dates])
    (told,) = re.findall("data-values='([^']*)'", drawn)
    return [point[1:3] for point in json.loads(html.unescape(told))["points"]]


def test_a_missing_day_leaves_its_place_empty() -> None:
    assert points(["2026-11-29", "2026-11-30", "2026-12-02"]) == [
        ["29 Nov", 100.0],
        ["30 Nov", 100.0],
        ["1 Dec", None],
        ["2 Dec", 100.0],
    ]


def test_a_long_time_is_drawn_by_months_although_few_days_are_known() -> None:
    assert points(["2025-12-01", "2025-12-31", "2026-02-01"]) == [
        ["2025-12", 200.0],
        ["2026-01", None],
        ["2026-02", 100.0],
    ]


def test_a_date_that_is_none_stands_for_itself() -> None:
    assert points(["2026-11-29", "yesterday"]) == [["29 Nov", 100.0], ["yesterday", 100.0]]
