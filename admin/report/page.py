"""The report's page around its charts: one well-formed file, without fonts or anything from elsewhere.

Its one script shows the values under the pointer. The browser runs no other: the policy names its hash.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from admin.report.energy import cards, table
from admin.terminal.moments import local_minute
from admin.terminal.usage_errors import sanitized
from admin.terminal.words import count
from journal.reading import Event

SCRIPT = Path(__file__).with_name("pointer.js").read_text()
STYLE = Path(__file__).with_name("report.css").read_text()
_DIGEST = b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_DIGEST}'"


def page(
    title: str,
    subtitle: str,
    *,
    verdict: str,
    newest: str,
    facts: Sequence[tuple[str, str]],
    charts: Iterable[str],
    tables: Iterable[str],
) -> str:
    """The whole page. `newest`: the newest reading in one line; `facts`: names and values for its head; `charts` and
    `tables` are HTML already."""
    return (
        '<!DOCTYPE html>\n<html lang="en" xmlns="http://www.w3.org/1999/xhtml">\n<head>\n<meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"/>\n'
        f"<title>{escape(title)}</title>\n<style>\n{STYLE}</style>\n<script>{SCRIPT}</script>\n</head>\n"
        f"<body>\n<header><h1>{escape(title)}</h1>"
        f"<p class='faint'>{escape(subtitle)}</p></header>\n<main>\n"
        f"<p class='verdict'>{escape(verdict)}</p>\n<p>{escape(sanitized(newest))}</p>\n{cards(facts)}\n"
        + "\n".join([*charts, *tables])
        + "\n</main>\n</body>\n</html>\n"
    )


def table_of_events(events: Sequence[Event], left_out: int) -> str:
    """What happened, newest first; `left_out` more are not shown."""
    if not events:
        return ""
    rows = [(local_minute(event.time_ms), sanitized(event.message)) for event in events]
    note = f"<p class='faint'>{count(left_out, 'older event')} not shown</p>" if left_out else ""
    return f"<section><h2>Events</h2>{table('events', ('Time', 'What happened'), rows)}{note}</section>"
