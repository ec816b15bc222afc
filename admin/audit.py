"""`solar audit`: whether InfluxDB has what the journal has.

0  the server has everything, or the rest is on its way, older than it keeps, or has just been queued (--repair)
1  something is lost or refused, or the server could not be asked
2  the command line or a setting is at fault
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin import settings
from admin.console import progress
from admin.export import Since, Until, check_stretch, stretch
from admin.moment import iso, iso_minute
from admin.usage import one_line
from admin.words import count
from journal.files import is_there
from journal.journal import Journal
from journal.reading import STREAMS

if TYPE_CHECKING:
    from uploader.audit import Hour, Reason
    from uploader.target import Target

HOUR_MS = 3_600_000
REASONS: dict["Reason", str] = {
    "lost": "lost by the server",
    "refused": "refused by the server (`solar dead-letters list`)",
    "expired": "older than the server keeps them",
    "held": "held until the clock is trusted",
    "pending": "waiting to be sent",
}

# fmt: off
Table = Annotated[str | None, typer.Option(
    parser=settings.one_of(*STREAMS), metavar="TABLE", help="readings, days or events alone.")]
Repair = Annotated[bool, typer.Option(
    "--repair", help="Queue what the server has lost, and that alone, to be sent again.")]
# fmt: on


@dataclass(slots=True)
class Findings:
    """What an audit found: totals by table, and the hours in which the two differ."""

    in_journal: Counter[str] = field(default_factory=Counter)
    missing: dict[str, Counter["Reason"]] = field(default_factory=dict)
    surplus: Counter[str] = field(default_factory=Counter)
    hours: list["Hour"] = field(default_factory=list)
    queued: int = 0

    def add(self, hour: "Hour") -> None:
        self.in_journal[hour.stream] += hour.in_journal
        self.missing.setdefault(hour.stream, Counter()).update(hour.missing)
        self.surplus[hour.stream] += hour.surplus
        if hour.missing or hour.surplus:
            self.hours.append(hour)

    def total(self, reason: "Reason") -> int:
        return sum(counter[reason] for counter in self.missing.values())

    @property
    def is_clean(self) -> bool:
        return not self.total("refused") and self.total("lost") == self.queued


def audit(
    *,
    since: Since = None,
    until: Until = None,
    table: Table = None,
    repair: Repair = False,
    as_json: settings.AsJson = False,
    data: settings.Data = settings.DATA,
    url: settings.Url = None,
    org: settings.Org = None,
    bucket: settings.Bucket = None,
    ca_file: settings.CaFile = None,
) -> int:
    """Compare journal and InfluxDB, hour by hour, and list what is missing there."""
    from uploader.audit import Audit
    from uploader.progress import Progress
    from uploader.query import Query

    check_stretch(since, until)
    target = settings.target(url, org, bucket, ca_file, verb="audit")
    findings = Findings()
    path = data / "uploader.db"
    with Journal.open(data / "journal.db") as journal:
        if not is_known(path, journal.identity()):
            show_findings(findings, target, since, until, as_json=as_json)
            return 0
        streams = [table] if table else list(STREAMS)
        total = sum(last - first + 1 for name in streams for first, last in stretch(journal, name, since, until))
        with (
            Progress.open(path) if repair else Progress.read_only(path) as sent,
            Query(target) as server,
            progress("comparing", "records", total) as show,
        ):
            now_ms = time.time_ns() // 1_000_000
            auditor = Audit(journal, sent, server, retention_seconds=server.retention_seconds(), now_ms=now_ms)
            for name in streams:
                for hour in auditor.hours(name, since, until):
                    if repair and hour.lost_ids:
                        sent.requeue(name, hour.lost_ids)
                        findings.queued += hour.lost_ids.count
                    findings.add(hour)
                    show(findings.in_journal.total(), total)
    show_findings(findings, target, since, until, as_json=as_json)
    return 0 if findings.is_clean else 1


def is_known(path: Path, identity: str) -> bool:
    """Whether anything of this journal can have been uploaded: an uploader.db knows it."""
    from uploader.progress import Progress

    if not is_there(path):
        return False
    with Progress.read_only(path) as sent:
        return sent.journal() == identity


def show_findings(findings: Findings, target: "Target", since: int | None, until: int | None, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(as_object(findings, target, since, until), indent=1))
    else:
        print("\n".join(lines(findings, target)))


def lines(findings: Findings, target: "Target") -> list[str]:
    """For people: hours that follow each other and are alike in one line, then what it comes to."""
    if not findings.in_journal:
        return ["nothing of this journal has been uploaded in that time, so there is nothing to compare"]
    shown = []
    for run in joined(findings.hours):
        first, last = run[0], run[-1]
        begin, end = iso_minute(first.begin_ms), iso_minute(last.begin_ms + HOUR_MS)
        date, _, clock = end.partition("T")
        span = f"{begin} to {clock if begin.startswith(date) else end}"
        shown.append(f"{span}  {first.stream} of {one_line(first.site)}: {run_words(run)}")
    for stream, number in findings.in_journal.items():
        missing = findings.missing[stream]
        there = f"{number - missing.total():,} of {count(number, stream[:-1])} at {target.shown_url}"
        shown.append("; ".join([there, *reason_words(missing)]))
    if findings.queued:
        shown.append(
            f"{count(findings.queued, 'record')} queued to be sent again: by the uploader, or now with "
            "`solar upload --once`"
        )
    elif findings.total("lost"):
        shown.append("`solar audit --repair` queues what the server has lost to be sent again")
    return shown


def joined(hours: Iterable["Hour"]) -> Iterator[list["Hour"]]:
    """Hours that follow each other and lack records for the same reasons."""
    run: list[Hour] = []
    for hour in hours:
        if run and not _continues(run[-1], hour):
            yield run
            run = []
        run.append(hour)
    if run:
        yield run


def _continues(before: "Hour", after: "Hour") -> bool:
    def kind(hour: "Hour") -> object:
        return hour.stream, hour.site, set(hour.missing), hour.surplus > 0

    return kind(before) == kind(after) and before.begin_ms + HOUR_MS == after.begin_ms


def run_words(run: Sequence["Hour"]) -> str:
    missing: Counter[Reason] = Counter()
    for hour in run:
        missing.update(hour.missing)
    parts = []
    if missing:
        reasons = reason_words(missing) if len(missing) > 1 else [REASONS[each] for each in missing]
        total = sum(hour.in_journal for hour in run)
        parts.append(f"{missing.total():,} of {total:,} missing: {', '.join(reasons)}")
    if surplus := sum(hour.surplus for hour in run):
        parts.append(f"{count(surplus, 'point')} that the journal has not: pruned here, or of another source")
    return "; ".join(parts)


def reason_words(missing: Mapping["Reason", int]) -> list[str]:
    return [f"{missing[reason]:,} {words}" for reason, words in REASONS.items() if missing.get(reason)]


def as_object(findings: Findings, target: "Target", since: int | None, until: int | None) -> dict[str, object]:
    """The same for machines; docs/audit.md has the keys."""
    return {
        "clean": findings.is_clean,
        "server": target.shown_url,
        "since": None if since is None else iso(since),
        "until": None if until is None else iso(until),
        "queued": findings.queued,
        "tables": {
            stream: {
                "in_journal": number,
                "missing": {reason: findings.missing[stream][reason] for reason in REASONS},
                "surplus": findings.surplus[stream],
            }
            for stream, number in findings.in_journal.items()
        },
        "hours": [
            {
                "table": hour.stream,
                "site": hour.site,
                "hour": iso(hour.begin_ms),
                "in_journal": hour.in_journal,
                "at_server": hour.at_server,
                "missing": hour.missing,
                "surplus": hour.surplus,
                "lost_ids": hour.lost_ids.ranges,
            }
            for hour in findings.hours
        ],
    }
