import re

from admin.report.drawing import Curve, Span, curves
from admin.report.pixels import Columns


def test_an_axis_that_has_zero_has_it_also_below_zero() -> None:
    columns = Columns(0, 1000, 10)
    columns.add((2, 100, 200, -12.0, -3.0, -15.0))
    drawn = curves("Current", "amperes", [Curve("charge", "charge", columns)], Span(0, 1000, 100), zero=True)
    assert re.findall("class='y'[^>]*>([^<]*)<", drawn) == ["-12", "-10", "-8", "-6", "-4", "-2", "0"]
