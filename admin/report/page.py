"""The report's page around its charts: one well-formed file, without fonts or anything from elsewhere.

Its one script shows the values under the pointer. The browser runs no other: the policy names its hash.
"""

import hashlib
import time
from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from admin.report.energy import cards, table
from admin.terminal.words import count
from journal.reading import Event

SCRIPT = Path(__file__).with_name("pointer.js").read_text()
_DIGEST = b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_DIGEST}'"

# Colours that colour-blind people can tell apart (Okabe and Ito); the load's line is also dashed.
STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1e21; --faint: #6a7076; --rule: #d9dde1;
  --volts: #7a4fa3; --percent: #007a5c; --charge: #d98200; --load: #0072b2; }
@media (prefers-color-scheme: dark) { :root { --paper: #15181b; --ink: #e8eaec; --faint: #9aa1a8; --rule: #343a40;
  --volts: #c3a0ea; --percent: #4fd1ac; --charge: #f2b04a; --load: #62b5ea; } }
@media print { :root { color-scheme: light; --paper: #fff; --ink: #000; --faint: #444; --rule: #bbb;
  --volts: #7a4fa3; --percent: #007a5c; --charge: #d98200; --load: #0072b2; } }
@media (prefers-contrast: more) { :root { --paper: #fff; --ink: #000; --faint: #000; --rule: #777; --volts: #5b2a8a;
  --percent: #00513c; --charge: #8a4b00; --load: #00497a; } }
@media (prefers-contrast: more) and (prefers-color-scheme: dark) { :root { --paper: #000; --ink: #fff; --faint: #fff;
  --rule: #999; --volts: #e0c8ff; --percent: #7dfcd6; --charge: #ffc870; --load: #9fdcff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 64rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: 0 0 .5rem; } .faint { color: var(--faint); }
.verdict { font-size: 1.4rem; font-weight: 600; margin: 1rem 0; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .5rem; margin: 1rem 0; }
dl div { border: 1px solid var(--rule); border-radius: .4rem; padding: .5rem .75rem; }
dt { color: var(--faint); font-size: .85rem; } dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
figure { margin: 2rem 0; break-inside: avoid; } figcaption { font-weight: 600; margin-bottom: .6rem; }
.chart { position: relative; margin: 0 .75rem 2.2rem 3rem; height: 12rem; }
.chart > svg { display: block; width: 100%; height: 100%; overflow: visible; }
.chart text { font-size: .75rem; fill: var(--faint); } .y { text-anchor: end; } .x { text-anchor: middle; }
.chart[data-values] { cursor: crosshair; touch-action: pan-y; }
.value { position: absolute; bottom: calc(100% + .35rem); right: 0; margin: 0; font-size: .85rem; line-height: 1.2;
  font-weight: 600; background: var(--paper); padding: 0 .25rem; }
.cursor { stroke: var(--ink); stroke-width: 1; }
.night { fill: var(--ink); fill-opacity: .07; }
path { vector-effect: non-scaling-stroke; fill: none; }
.grid { stroke: var(--rule); stroke-width: 1; } .line { stroke-width: 1.5; stroke-linejoin: round; }
.band { fill-opacity: .3; stroke: none; }
.volts.line { stroke: var(--volts); } .percent.line { stroke: var(--percent); }
.charge.line { stroke: var(--charge); } .load.line { stroke: var(--load); stroke-dasharray: 5 2; }
.volts.band { fill: var(--volts); } .percent.band { fill: var(--percent); }
.charge.band, rect.charge { fill: var(--charge); } .load.band, rect.load { fill: var(--load); }
.key { font-weight: 400; font-size: .85rem; margin-left: 1rem; white-space: nowrap; }
.key::before { content: ""; display: inline-block; width: .8em; height: .8em; margin-right: .35em; }
.key::before { forced-color-adjust: none; }
.key.charge::before { background: var(--charge); } .key.load::before { background: var(--load); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .85rem; }
th, td { text-align: right; padding: .25rem .5rem; border-bottom: 1px solid var(--rule); vertical-align: top; }
th { color: var(--faint); font-weight: 600; } thead th { vertical-align: bottom; }
th:first-child, td:first-child, .events th, .events td { text-align: left; }
tbody th { color: inherit; font-weight: 400; white-space: nowrap; } .events td:last-child { overflow-wrap: anywhere; }
@media (max-width: 40rem) { .second { display: none; } body { padding: .75rem; }
  .chart { margin-bottom: 3rem; } /* room for .value, which stands above the next title: there is none beside it */
  .value { bottom: calc(100% + 2.3rem); left: -3rem; padding: 0; }
  table { font-size: .72rem; } th, td { padding: .25rem .12rem; } }
details { margin: 1rem 0; } summary { cursor: pointer; padding: .5rem 0; font-weight: 600; }
details table { margin-bottom: 1.5rem; }
tr { break-inside: avoid; } thead { display: table-header-group; }
@media (prefers-contrast: more), (forced-colors: active) { .night { fill-opacity: .18; } }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } .chart { height: 4.5cm; }
  .band, rect, .key::before { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


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
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n<script>{SCRIPT}</script>\n</head>\n"
        f"<body>\n<header><h1>{escape(title)}</h1>"
        f"<p class='faint'>{escape(subtitle)}</p></header>\n<main>\n"
        f"<p class='verdict'>{escape(verdict)}</p>\n<p>{escape(printable(newest))}</p>\n{cards(facts)}\n"
        + "\n".join([*charts, *tables])
        + "\n</main>\n</body>\n</html>\n"
    )


def table_of_events(events: Sequence[Event], left_out: int) -> str:
    """What happened, newest first; `left_out` more are not shown."""
    if not events:
        return ""
    rows = [(local(event.time_ms), printable(event.message)) for event in events]
    note = f"<p class='faint'>{count(left_out, 'older event')} not shown</p>" if left_out else ""
    return f"<section><h2>Events</h2>{table('events', ('Time', 'What happened'), rows)}{note}</section>"


def local(time_ms: float) -> str:
    """A moment in local time, to the minute."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(time_ms / 1000))


def printable(text: str) -> str:
    """Without the control characters that XML does not allow."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
