"""The energy figures as HTML, for report and page: what is known as cards, days and months as a table."""

from collections.abc import Sequence
from html import escape

from admin.energy.figures import Figures
from admin.energy.words import HEAD, facts, rows_of_periods


def energy_section(figures: Figures) -> str:
    """Empty when nothing is known."""
    rows = rows_of_periods(figures)
    if not rows:
        return ""
    counted = any(period.is_counted for period in figures.periods.values())
    note = "<p class='faint'>* counted by the regulator: readings are missing</p>" if counted else ""
    return f"<section><h2>Energy</h2>{cards(facts(figures))}{table('periods', HEAD, rows)}{note}</section>"


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
