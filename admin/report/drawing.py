"""A chart as SVG: the drawing stretches with the page, its labels around it do not.

Everything that comes out is well-formed XML without scripts and inline styles. Places are per cent, or units of the
drawing: WIDTH by HEIGHT.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from admin.energy.days import total
from admin.report.axis import DAY_MS, Mark, time_marks, value_marks
from admin.report.pixels import Columns

WIDTH, HEIGHT = 800, 200
SYMBOLS = {"volts": "V", "percent": "%", "amperes": "A"}
"""A unit beside a value; the title has its name."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One quantity; `style` names its colour in the page's style sheet."""

    label: str
    style: str
    columns: Columns


@dataclass(frozen=True, slots=True)
class Bar:
    """A pair of bars: its label and two values, each None if absent."""

    label: str
    first: float | None
    second: float | None


@dataclass(frozen=True, slots=True)
class Scale:
    """The range of the vertical axis."""

    marks: Sequence[Mark]

    def y(self, value: float) -> float:
        """In units of the drawing, from the top."""
        low, high = self.marks[0].at, self.marks[-1].at
        return round(HEIGHT * (1 - (value - low) / (high - low)), 1)


@dataclass(frozen=True, slots=True)
class Span:
    """The range of the horizontal axis, and after how long without a value a curve is broken.

    `nights`: from when to when it is shaded.
    """

    since_ms: int
    until_ms: int
    gap_ms: float
    nights: Sequence[tuple[int, int]] = ()

    @property
    def is_moment(self) -> bool:
        """Whether there is only one reading, so that nothing can be drawn."""
        return self.until_ms - self.since_ms <= 1

    def share(self, time_ms: float) -> float:
        return (time_ms - self.since_ms) / (self.until_ms - self.since_ms)


def curves(title: str, unit: str, drawn: Sequence[Curve], span: Span, *, zero: bool) -> str:
    """A figure of curves over time; each with a band from lowest to highest. `zero`: it is on the axis."""
    drawn = [curve for curve in drawn if curve.columns]
    if not drawn:
        return figure(title, "Nothing was recorded.", "", "", "")
    ends = [end for curve in drawn for end in (curve.columns.lowest, curve.columns.highest)] + [0.0] * zero
    scale = Scale(value_marks(min(ends), max(ends)))
    shapes = [
        f'<path class="{curve.style} {kind}" d="{path}"/>'
        for curve in drawn
        for kind, path in _paths(curve, scale, span.gap_ms)
    ]
    places = [Mark(span.share(mark.at), mark.label) for mark in time_marks(span.since_ms, span.until_ms)]
    lines = [f'<path class="grid" d="M{mark.at * WIDTH:.1f} 0V{HEIGHT}"/>' for mark in places]
    words = "; ".join(
        f"{curve.label} from {curve.columns.lowest:.1f} to {curve.columns.highest:.1f} {unit}" for curve in drawn
    )
    legend = _legend([(curve.label, curve.style) for curve in drawn]) if len(drawn) > 1 else ""
    return figure(
        f"{title}, {unit}",
        f"{title}: {words}.",
        _nights(span) + _grid(scale) + "".join([*lines, *shapes]),
        _labels(scale, places),
        legend,
        attributes=_values(drawn, unit, span),
    )


def _nights(span: Span) -> str:
    shares = [(max(0, span.share(begin)), min(1, span.share(end))) for begin, end in span.nights]
    return "".join(
        f'<rect class="night" x="{begin * WIDTH:.1f}" y="0" width="{(end - begin) * WIDTH:.1f}" height="{HEIGHT}"/>'
        for begin, end in shares
        if begin < end
    )


def _values(drawn: Sequence[Curve], unit: str, span: Span) -> str:
    """For the script (pointer.js): at which share of the width which moment is, and each curve's value there."""
    days = (span.until_ms - span.since_ms) / DAY_MS
    layout = "%H:%M:%S" if days < 0.02 else "%H:%M" if days <= 1.1 else "%a %-d %b %H:%M" if days <= 60 else "%-d %b %Y"
    moments: dict[int, int] = {}
    values: list[dict[int, float]] = []
    for curve in drawn:
        values.append({column.place: round(column.mean, 1) for column in curve.columns})
        moments |= {column.place: (column.first_ms + column.last_ms) // 2 for column in curve.columns}
    points = [
        [round(span.share(at), 4), time.strftime(layout, time.localtime(at / 1000)), *(of.get(place) for of in values)]
        for place, at in sorted(moments.items())
    ]
    return _told(SYMBOLS[unit], [curve.label for curve in drawn], points)


def _told(unit: str, names: Sequence[str], points: Sequence[Sequence[object]]) -> str:
    """A chart's attributes for the script. A point: its share of the width, its label, and the value of each name."""
    told = {"unit": unit, "names": names, "points": points}
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return " tabindex='0' data-values='{}'".format(
        text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;")
    )


def _paths(curve: Curve, scale: Scale, gap_ms: float) -> list[tuple[str, str]]:
    """The band and the line of the means, with a gap wherever there is one."""
    width = WIDTH / curve.columns.count
    bands, lines = [], []
    for run in curve.columns.runs(gap_ms):
        points = [(round((column.place + 0.5) * width, 1), column) for column in run]
        if len(points) == 1:
            # One column alone would be a line without length: invisible.
            x, column = points[0]
            points = [(round(x - width / 2, 1), column), (round(x + width / 2, 1), column)]
        above = [f"{x:g} {scale.y(column.highest):g}" for x, column in points]
        below = [f"{x:g} {scale.y(column.lowest):g}" for x, column in reversed(points)]
        bands.append(f"M{'L'.join(above + below)}Z")
        lines.append("M" + "L".join(f"{x:g} {scale.y(column.mean):g}" for x, column in points))
    return [("band", "".join(bands)), ("line", "".join(lines))]


def bars(title: str, unit: str, names: tuple[str, str], drawn: Sequence[Bar]) -> str:
    """A figure of pairs of bars, in the order given."""
    values = [value for bar in drawn for value in (bar.first, bar.second) if value is not None]
    if not values:
        return figure(title, "There are no daily records in this period.", "", "", "")
    scale = Scale(value_marks(min(0, *values), max(0, *values)))
    step = WIDTH / len(drawn)
    shapes = []
    for place, bar in enumerate(drawn):
        shapes += [
            f'<rect class="{style}" x="{(place + start) * step:.1f}" y="{scale.y(max(value, 0)):g}" '
            f'width="{0.38 * step:.1f}" height="{abs(scale.y(0) - scale.y(value)):.1f}"/>'
            for value, style, start in ((bar.first, "charge", 0.1), (bar.second, "load", 0.52))
            if value is not None
        ]
    middles = [Mark((place + 0.5) / len(drawn), bar.label) for place, bar in enumerate(drawn)]
    marks = middles[:: -(-len(drawn) // 7)]
    sums = _sum(names[0], unit, [bar.first for bar in drawn]), _sum(names[1], unit, [bar.second for bar in drawn])
    words = f"{title}, {drawn[0].label} to {drawn[-1].label}, in total: {', '.join(sums)}."
    legend = _legend([(names[0], "charge"), (names[1], "load")])
    points = [[round(at, 4), label, bar.first, bar.second] for (at, label), bar in zip(middles, drawn, strict=True)]
    return figure(
        f"{title}, {unit}",
        words,
        _grid(scale) + "".join(shapes),
        _labels(scale, marks),
        legend,
        attributes=_told(unit, names, points),
    )


def figure(title: str, words: str, shapes: str, labels: str, legend: str, *, attributes: str = "") -> str:
    """`words` describe the chart to a screen reader; without a chart they stand in its place."""
    if not shapes:
        return f"<figure><figcaption>{escape(title)}</figcaption><p>{escape(words)}</p></figure>"
    return (
        f"<figure><figcaption>{escape(title)}{legend}</figcaption><div class='chart'{attributes}>"
        f"<svg xmlns='http://www.w3.org/2000/svg' role='img' aria-label='{escape(words)}'>"
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' preserveAspectRatio='none'>{shapes}</svg>{labels}</svg></div></figure>"
    )


def _grid(scale: Scale) -> str:
    return "".join(f'<path class="grid" d="M0 {scale.y(mark.at):g}H{WIDTH}"/>' for mark in scale.marks)


def _labels(scale: Scale, places: Sequence[Mark]) -> str:
    beside = [_label("y", "0", f"{100 * scale.y(mark.at) / HEIGHT:.1f}%", mark.label) for mark in scale.marks]
    # A narrow page hides every second one.
    under = [
        _label(f"x{' second' * (n % 2)}", f"{100 * mark.at:.1f}%", "100%", mark.label) for n, mark in enumerate(places)
    ]
    return "".join(beside + under)


def _label(axis: str, x: str, y: str, text: str) -> str:
    dx, dy = ("0", "1.4em") if axis.startswith("x") else ("-.5em", ".35em")
    return f"<text class='{axis}' x='{x}' y='{y}' dx='{dx}' dy='{dy}' aria-hidden='true'>{escape(text)}</text>"


def _legend(entries: Sequence[tuple[str, str]]) -> str:
    return "".join(f"<span class='key {style}'>{escape(label)}</span>" for label, style in entries)


def _sum(name: str, unit: str, values: Sequence[float | None]) -> str:
    known = total(values)
    return f"{name} not known" if known is None else f"{known:,.0f} {unit} {name}"
