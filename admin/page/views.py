"""The page as HTML: how it is now, what needs attention, charts, energy. All text from the journal is escaped."""

from html import escape

from admin.page.charts import RANGES
from admin.page.site import Look
from admin.report.energy import energy_section
from admin.terminal.usage_errors import sanitized
from admin.terminal.words import ago, count


def whole_page(look: Look, chosen: str, charts: str) -> str:
    """The whole document; it also works without its script."""
    name = escape(sanitized(look.name))
    current = {chosen: " aria-current='page'"}
    links = "".join(f"<a href='/?range={key}'{current.get(key, '')}>{title}</a>" for key, (title, _) in RANGES.items())
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{name}: {escape(look.verdict)}</title>\n"
        '<link rel="icon" href="/icon.svg" type="image/svg+xml">\n<link rel="stylesheet" href="/page.css">\n'
        '<script src="/page.js" defer></script>\n</head>\n<body>\n'
        f"<header><h1 id='name'>{name}</h1><p id='connection' role='status'></p></header>\n"
        f"<main>\n<div id='now'>{now(look)}</div>\n"
        f"<nav aria-label='Period'>{links}</nav>\n"
        f"<div id='charts' data-range='{chosen}'>{charts}</div>\n"
        f"<div id='energy'>{energy(look)}</div>\n</main>\n</body>\n</html>\n"
    )


def now(look: Look) -> str:
    """The verdict, the newest values and what needs attention."""
    style = "held" if look.is_held else "stale" if look.is_stale else "fresh"
    points = "".join(f"<li>{escape(sanitized(point))}</li>" for point in look.points)
    needs = f"<section class='attention'><h2>Needs attention</h2><ul>{points}</ul></section>" if points else ""
    reading = look.health.reading
    is_alarm = bool(reading and (reading.alarm or reading.load_disconnected))
    well = "" if points or is_alarm else "<p class='well'>Nothing needs attention.</p>"
    meanwhile = f"The charts are being drawn again: {count(look.left, 'reading')} still to be added up."
    left = f"<p class='faint'>{meanwhile}</p>" if look.left else ""
    shown = "".join(
        f"<div class='{name}'><dt>{title}</dt><dd>{escape(value)}</dd>{under}</div>"
        for name, title, value, under in _values(look)
    )
    return (
        f"<p class='verdict {style}{' alarm' * is_alarm}'>{escape(sanitized(look.verdict))}</p>{needs}"
        f"<dl class='values {style}'>{shown}</dl>{well}{left}"
    )


def _values(look: Look) -> list[tuple[str, str, str, str]]:
    """Name, title, value and the text below it, for each of the newest reading's values."""
    reading = look.health.reading
    if reading is None:
        return []
    age = "held" if look.is_held else ago(look.health.age_seconds(reading.time_ms))
    return [
        ("volts", "Battery", _amount(reading.battery_volts, "V", 1), ""),
        ("percent", "Charged to", _amount(reading.state_of_charge_percent, "%", 0), ""),
        ("charge", "In", _amount(reading.charge_amps, "A", 1), _below(_amount(reading.charge_watts, "W", 0))),
        ("load", "Out", _amount(reading.load_amps, "A", 1), _below(_amount(reading.load_watts, "W", 0))),
        ("state", "Regulator", sanitized(reading.regulator_state or "not known"), ""),
        ("age", "Read", age, ""),
    ]


def _below(text: str) -> str:
    return f"<dd class='below'>{escape(text)}</dd>"


def _amount(value: float | None, unit: str, digits: int) -> str:
    return "not known" if value is None else f"{round(value, digits) + 0.0:,.{digits}f} {unit}"


def energy(look: Look) -> str:
    """The energy figures, and the weeks and months of a year."""
    return energy_section(look.figures, has_year=True) if look.figures else ""
