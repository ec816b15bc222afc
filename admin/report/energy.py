"""The energy figures as HTML, for report and page: what is known as cards; periods, days and nights as tables."""

from collections.abc import Sequence
from html import escape

from admin.energy.figures import Figures
from admin.energy.words import HEAD, amounts, facts, number, rows_of_periods, weeks_and_months


def energy_section(figures: Figures, *, has_year: bool = False) -> str:
    """Empty when nothing is known. `has_year`: the figures go back a year, so that weeks and months are whole."""
    rows, known = rows_of_periods(figures), facts(figures)
    sums = [each for period in figures.periods.values() for each in (period.charge_amp_hours, period.load_amp_hours)]
    if not known and not any(each is not None for each in sums):
        return ""
    counted = any(period.is_counted for period in figures.periods.values())
    note = "<p class='faint'>* counted by the regulator: readings are missing</p>" if counted else ""
    section = f"<section><h2>Energy</h2>{cards(known)}{table('periods', HEAD, rows)}{note}</section>"
    nights = [
        (night.date, *map(number, (night.depth_of_discharge_percent, night.used_percent, night.used_amp_hours)))
        for night in reversed(figures.nights[-7:])
    ]
    days = [(day.label, *amounts(day)) for day in reversed(figures.days[-31:])]
    longer = [(period.label, *amounts(period)) for period in weeks_and_months(figures)] if has_year else []
    tables = (
        ("nights", ("Night", "Depth of discharge, %", "Used, %", "Used, Ah"), nights),
        ("periods", ("Day", *HEAD[1:]), days),
        ("periods", ("Week, month", *HEAD[1:]), longer),
    )
    inner = "".join(table(*each) for each in tables if each[2])
    summary = "Nights, days, weeks and months" if has_year else "Nights and days"
    return f"{section}<details><summary>{summary}</summary>{inner}</details>"


def cards(entries: Sequence[tuple[str, str]]) -> str:
    """Names and values."""
    if not entries:
        return ""
    inner = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in entries)
    return f"<dl>{inner}</dl>"


def table(style: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first cell of each row is its heading. On a narrow page it can be scrolled, also with the keyboard."""
    titles = "".join(f"<th scope='col'>{escape(name)}</th>" if name else "<td></td>" for name in head)
    body = "".join(
        f"<tr><th scope='row'>{escape(first)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in rest)}</tr>"
        for first, *rest in rows
    )
    return (
        f"<div class='wide' tabindex='0'><table class='{style}'><thead><tr>{titles}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )
