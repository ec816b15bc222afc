"""Readings drawn in the terminal with plotext: battery volts above, amperes below, over the regulator's time of day."""

from collections.abc import Sequence
from typing import NamedTuple

import plotext

from journal.reading import Reading

DAY_HOURS = 24


class Curve(NamedTuple):
    """One curve and how it looks: hours, and the value at each; `marker` is plotext's."""

    label: str
    hours: Sequence[float]
    values: Sequence[float]
    colour: str
    marker: str


def draw(readings: Sequence[Reading], *, width: int = 80, has_colour: bool) -> str:
    """The chart as text, not wider than `width`; without colour the curves have different markers."""
    hours = unrolled([reading.regulator_clock_seconds for reading in readings])
    volts = _curve("", hours, [reading.battery_volts for reading in readings], "orange")
    charge = _curve("charge", hours, [reading.charge_amps for reading in readings], "green")
    load = _curve("load", hours, [reading.load_amps for reading in readings], "red", "braille" if has_colour else "o")
    if len(volts.hours) < 2:
        return ""
    above = _panel("battery volts", [volts], 10, width, has_colour=has_colour)
    below = _panel("amperes over the regulator's time of day", [charge, load], 12, width, has_colour=has_colour)
    return f"{above}\n{below}"


def unrolled(seconds: Sequence[float | None]) -> list[float | None]:
    """Times of day as hours that continue after midnight: 23.9, 24.1."""
    hours: list[float | None] = []
    days, last = 0, None
    for second in seconds:
        if second is not None:
            if last is not None and second < last - 12 * 3600:
                days += 1
            last = second
        hours.append(None if second is None else second / 3600 + DAY_HOURS * days)
    return hours


def _curve(
    label: str, hours: Sequence[float | None], values: Sequence[float | None], colour: str, marker: str = "braille"
) -> Curve:
    pairs = [(hour, value) for hour, value in zip(hours, values, strict=True) if hour is not None and value is not None]
    return Curve(label, [hour for hour, _ in pairs], [value for _, value in pairs], colour, marker)


def _panel(title: str, curves: Sequence[Curve], height: int, width: int, *, has_colour: bool) -> str:
    first, last = curves[0].hours[0], curves[0].hours[-1]
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(width, height)
    plotext.title(title)
    for curve in curves:
        plotext.plot(curve.hours, curve.values, label=curve.label or None, color=curve.colour, marker=curve.marker)
    ticks = [hour for hour in range(int(first), int(last) + 2) if first <= hour <= last]
    step = max(1, -(-len(ticks) // 8))
    plotext.xticks(ticks[::step], [f"{hour % DAY_HOURS}:00" for hour in ticks[::step]])
    text: str = plotext.build()
    return text if has_colour else plotext.uncolorize(text)
