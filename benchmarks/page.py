"""Writes the figures as table and chart into docs/performance.md. The text around them is written by hand."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from html import escape
from pathlib import Path

from benchmarks.figure import Figure

DOCS = Path(__file__).parents[1] / "docs"
WIDTH, ROW, LABEL, GOAL = 860, 22, 380, 660


def write(figures: Sequence[Figure], million: int) -> None:
    """Replace the figures on the page, and the chart."""
    _put("figures", f"{machine()}. 10⁶ stands for {million:,} readings.\n\n{table(figures)}")
    (DOCS / "performance.svg").write_text(chart([each for each in figures if each.goal is not None]))


def write_growth(figures: Sequence[Figure]) -> None:
    """Replace the table of growth on the page: a row for each command, a column for what grows."""
    rows: dict[str, dict[str, str]] = {}
    for each in figures:
        command, _, grows = each.name.partition(", ")
        rows.setdefault(command, {})[grows] = each.peer
    header = ["", *next(iter(rows.values()))]
    cells = [header, ["---"] * len(header), *([command, *row.values()] for command, row in rows.items())]
    _put("growth", f"{machine()}.\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in cells))


def _put(name: str, text: str) -> None:
    page, begin, end = DOCS / "performance.md", f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, rest = page.read_text().split(begin)
    page.write_text(before + begin + text + "\n" + end + rest.split(end)[1])


def machine() -> str:
    names = (
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    )
    load = os.getloadavg()[0]
    return (
        f"{next(names, platform.machine())}, {os.cpu_count()} cores (load {load:.1f} at the end of the run), "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def table(figures: Sequence[Figure]) -> str:
    rows = [
        f"| {each.name} | {each.first} | {shown(each.now, each.unit)} | {each.peer} | "
        f"{'' if each.goal is None else '≤ ' + shown(each.goal, each.unit)} | {verdict(each)} |"
        for each in figures
    ]
    return "\n".join(["| Figure | First version | Now | Beside it | Goal | |", "|---|---|---|---|---|---|", *rows])


def shown(value: float, unit: str) -> str:
    number = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{number} {unit}".strip()


def verdict(figure: Figure) -> str:
    if figure.goal is None:
        return ""
    return "met" if figure.is_met else "**not met**"


def chart(figures: Sequence[Figure]) -> str:
    """A bar for each figure, as long as its part of the goal. A bar beyond the line misses the goal."""
    height = ROW * len(figures) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
    ]
    for nth, each in enumerate(figures):
        top, part = 10 + nth * ROW, each.now / (each.goal or 1)
        color = "#4a7a4a" if each.is_met else "#b5532d"
        width = min(part, 1.6) * (GOAL - LABEL)
        parts += [
            f'<text x="{LABEL - 8}" y="{top + 14}" text-anchor="end">{escape(each.name.replace("`", ""))}</text>',
            f'<rect x="{LABEL}" y="{top + 3}" width="{width:.0f}" height="{ROW - 8}" fill="{color}"/>',
            f'<text x="{LABEL + width + 5:.0f}" y="{top + 14}">{escape(shown(each.now, each.unit))}</text>',
        ]
    bottom = height - 25
    parts += [
        f'<line x1="{GOAL}" y1="5" x2="{GOAL}" y2="{bottom}" stroke="black" stroke-dasharray="3"/>',
        f'<text x="{GOAL}" y="{height - 8}" text-anchor="middle">goal</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
