"""What an audit has found, in words for people and as one object for programs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from admin.terminal.moments import iso, iso_minute
from admin.terminal.usage_errors import sanitized
from admin.terminal.words import count

if TYPE_CHECKING:
    from journal.id_ranges import IdRanges
    from uploader.audit.comparison import Hour, Reason

HOUR_MS = 3_600_000
WORDS: dict["Reason", str] = {
    "lost": "lost by the server",
    "changed": "changed at the server",
    "stuck": "that sending again does not fix",
    "refused": "refused by the server (`solar dead-letters list`)",
    "expired": "older than the server keeps them",
    "held": "held until the clock is trusted",
    "pending": "waiting to be sent",
}
MISSING: tuple["Reason", ...] = ("lost", "refused", "expired", "held", "pending")
DIFFERENT: tuple["Reason", ...] = ("changed", "stuck", "refused", "expired", "pending")


@dataclass(slots=True)
class Findings:
    """Totals by table, and the hours in which journal and server differ. `with_texts`: the server stores texts."""

    server: str
    since: int | None
    until: int | None
    with_values: bool
    with_texts: bool = True
    in_journal: Counter[str] = field(default_factory=Counter)
    missing: dict[str, Counter["Reason"]] = field(default_factory=dict)
    different: dict[str, Counter["Reason"]] = field(default_factory=dict)
    surplus: Counter[str] = field(default_factory=Counter)
    hours: list["Hour"] = field(default_factory=list)
    queued: int = 0

    def add(self, hour: "Hour") -> None:
        self.in_journal[hour.stream] += hour.in_journal
        self.missing.setdefault(hour.stream, Counter()).update(counts(hour.missing))
        self.different.setdefault(hour.stream, Counter()).update(counts(hour.different))
        self.surplus[hour.stream] += hour.surplus
        if hour.missing or hour.different or hour.surplus:
            self.hours.append(hour)

    def total(self, *reasons: "Reason") -> int:
        return sum(each[reason] for each in (*self.missing.values(), *self.different.values()) for reason in reasons)

    @property
    def is_clean(self) -> bool:
        return not self.total("refused", "stuck") and self.total("lost", "changed") == self.queued


def lines(findings: Findings) -> list[str]:
    """For people: similar hours in a row as one line, then the summary."""
    if not findings.in_journal:
        return ["nothing to compare: no records of this journal from that period have been uploaded"]
    shown = []
    for run in joined(findings.hours):
        first, last = run[0], run[-1]
        begin, end = iso_minute(first.begin_ms), iso_minute(last.begin_ms + HOUR_MS)
        date, _, clock = end.partition("T")
        span = f"{begin} to {clock if begin.startswith(date) else end}"
        shown.append(f"{span}  {first.stream} of {sanitized(first.site)}: {run_words(run)}")
    for stream, number in findings.in_journal.items():
        missing, different = findings.missing[stream], findings.different[stream]
        there = f"{number - missing.total():,} of {count(number, stream[:-1])} at {findings.server}"
        if different:
            why = ", ".join(reason_words(different, DIFFERENT))
            there += f", {different.total():,} of them with different values ({why})"
        elif findings.with_values and missing.total() < number:
            there += ", with the same values"
        shown.append("; ".join([there, *reason_words(missing, MISSING)]))
    if findings.with_values and not findings.with_texts:
        shown.append("texts such as regulator_state were not compared: this server does not keep them")
    lost = findings.total("lost")
    if stuck := findings.total("stuck"):
        shown.append(
            f"{count(stuck, 'record')} cannot be fixed by sending again: the old value stays beside the new one; "
            "delete it at the server, then run `solar audit --values --repair`"
        )
    if lost and findings.in_journal.total() == sum(each.total() for each in findings.missing.values()):
        shown.append("the server has none of these records: are INFLUXDB_URL and INFLUXDB_BUCKET right?")
    if findings.queued:
        shown.append(f"{count(findings.queued, 'record')} queued for the uploader; to send now: `solar upload --once`")
    elif findings.total("changed"):
        shown.append("to send again what is lost or changed: `solar audit --values --repair`")
    elif lost:
        shown.append("to send again what is lost: `solar audit --repair`")
    return shown


def counts(records: Mapping["Reason", "IdRanges"]) -> Counter["Reason"]:
    return Counter({reason: ids.count for reason, ids in records.items()})


def joined(hours: Iterable["Hour"]) -> Iterator[list["Hour"]]:
    """Hours in a row that differ for the same reasons."""
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
        return hour.stream, hour.site, set(hour.missing), set(hour.different), hour.fields, hour.surplus > 0

    return kind(before) == kind(after) and before.begin_ms + HOUR_MS == after.begin_ms


def run_words(run: Sequence["Hour"]) -> str:
    missing = sum((counts(hour.missing) for hour in run), Counter())
    different = sum((counts(hour.different) for hour in run), Counter())
    total = sum(hour.in_journal for hour in run)
    parts = []
    named = f"with different values ({', '.join(run[0].fields)})"
    for name, reasons, order in (("missing", missing, MISSING), (named, different, DIFFERENT)):
        if reasons:
            words = reason_words(reasons, order) if len(reasons) > 1 else [WORDS[each] for each in reasons]
            parts.append(f"{reasons.total():,} of {total:,} {name}: {', '.join(words)}")
    if surplus := sum(hour.surplus for hour in run):
        parts.append(f"{count(surplus, 'point')} that the journal does not have: deleted here, or from another source")
    return "; ".join(parts)


def reason_words(reasons: Mapping["Reason", int], order: Sequence["Reason"]) -> list[str]:
    return [f"{reasons[reason]:,} {WORDS[reason]}" for reason in order if reasons.get(reason)]


def as_dict(findings: Findings) -> dict[str, object]:
    """The same for programs; docs/audit.md explains the keys."""
    return {
        "clean": findings.is_clean,
        "server": findings.server,
        "since": None if findings.since is None else iso(findings.since),
        "until": None if findings.until is None else iso(findings.until),
        "values": findings.with_values,
        "texts": findings.with_values and findings.with_texts,
        "queued": findings.queued,
        "tables": {
            stream: {
                "in_journal": number,
                "missing": {reason: findings.missing[stream][reason] for reason in MISSING},
                "different": {reason: findings.different[stream][reason] for reason in DIFFERENT},
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
                "missing": counts(hour.missing),
                "different": counts(hour.different),
                "fields": hour.fields,
                "surplus": hour.surplus,
                "lost_ids": [*hour.missing.get("lost", ())],
                "changed_ids": [*hour.different.get("changed", ())],
            }
            for hour in findings.hours
        ],
    }
