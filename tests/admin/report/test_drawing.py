import re

from admin.report.drawing import Bar, Curve, Span, bars, curves
from admin.report.pixels import Columns


def test_an_axis_that_has_zero_has_it_also_below_zero() -> None:
    columns = Columns(0, 1000, 10)
    columns.add((2, 100, 200, -12.0, -3.0, -15.0))
    drawn = curves("Current", "amperes", [Curve("charge", "charge", columns)], Span(0, 1000, 100), zero=True)
    assert re.findall("class='y'[^>]*>([^<]*)<", drawn) == ["-12", "-10", "-8", "-6", "-4", "-2", "0"]


def test_a_bar_below_zero_hangs_from_it() -> None:
    """A browser reports a height below zero as an error."""
    drawn = bars("Charge per day", "Ah", ("charged", "used"), [Bar("1 Jan", -50.0, 100.0)])
    found = re.findall(r'<rect class="(\w+)" .*? y="([\d.]+)" width="[\d.]+" height="([^"]*)"', drawn)
    assert found == [("charge", "133.3", "66.7"), ("load", "0", "133.3")]
