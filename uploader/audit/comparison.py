"""Comparison: what is missing at the server, or has other values there; hour by hour (UTC), with the reason.

    journal   360  360  360  360     the number of records in each hour, on both sides: one query for weeks
    server    360    0  351  360
              all none some  all     in a "some" hour the points are fetched and compared one by one

With values, an hour is "all" only if the sum, minimum and maximum of each number and the count of each text are equal;
the fields that differ are fetched. Days and events are few, so all their fields are.

Rules:
- What has been sent is read before the server is asked, so a record that is sent meanwhile does not count as missing.
- Not found: a lost point, if another source wrote a point under the same site in that hour; values that changed within
  an hour so that sum, minimum and maximum stay the same.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from journal.id_ranges import NONE, IdRanges
from journal.journal import Journal
from journal.reading import STREAMS
from uploader.audit.client import Client
from uploader.audit.equality import is_same
from uploader.audit.query import HOUR_MS, Points, Total, Value, hour_of
from uploader.audit.records import FIRST, SECOND, sent, tally
from uploader.progress.progress import Progress
from uploader.server.line_protocol import ENERGY_DAY, FIELDS, MEASUREMENT_OF, Line, tag_value

Reason = Literal["pending", "held", "refused", "expired", "lost", "changed", "stuck"]
WEEK_MS = 7 * 24 * HOUR_MS
FARTHEST_MS = 2**63

_Sent = tuple[Line, dict[str, Value]]
_Stored = dict[int, list[tuple[str, Value]]]


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of one site. `missing`: the records that the server does not have, by reason.

    pending  waiting to be sent                             held     waiting until the clock is trusted
    refused  dead letters                                   expired  older than the server keeps points
    lost     sent, but not there

    `different`: those that have other values at the server, by reason. Two reasons more:

    changed  sending again would fix it                     stuck    sending again would not replace the old value

    `fields`: those with other values. `surplus`: points that only the server has: pruned here, or from another source.
    """

    stream: str
    site: str
    begin_ms: int
    in_journal: int
    at_server: int
    surplus: int = 0
    missing: Mapping[Reason, IdRanges] = field(default_factory=dict)
    different: Mapping[Reason, IdRanges] = field(default_factory=dict)
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Records:
    """Some records of one site, and the points that they should be at the server. `excused`: for each reason that the
    uploader knows, those that the server need not have."""

    stream: str
    site: str
    ids: IdRanges
    points: Points
    excused: Mapping[Reason, IdRanges]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Compares a journal with the server."""

    journal: Journal
    progress: Progress
    server: Client
    now_ms: int
    with_values: bool = False

    def hours(self, stream: str, since_ms: int | None = None, until_ms: int | None = None) -> Iterator[Hour]:
        """Every hour in this period in which the journal or the server has something. A long time without any record in
        the journal is left out. Raises UploadError if the server cannot be asked."""
        weeks = 52 if stream == "days" else 1 if self.with_values else 4
        since = -FARTHEST_MS if since_ms is None else since_ms
        begin, until = self._ends(stream, since, FARTHEST_MS if until_ms is None else until_ms)
        while begin < until:
            end = min(hour_of(begin) + weeks * WEEK_MS, until)
            ids = IdRanges.of(self.journal.id_ranges(stream, begin, end))
            for records in self._by_site(stream, ids, begin, end):
                yield from self._compared(records)
            # Without a record here, the next may be centuries away: a damaged time.
            begin = end if ids else self._ends(stream, end, until)[0]

    def _ends(self, stream: str, since_ms: int, until_ms: int) -> tuple[int, int]:
        """From the hour of the first record in this period to the end of the last one's; both are the period's end if
        there is none."""
        ranges = self.journal.id_ranges(stream, since_ms, until_ms)
        records = [self.journal.get(stream, record_id) for first_and_last in ranges for record_id in first_and_last]
        hours = [hour_of(record.time_ms) for record in records if record]
        if not hours:
            return until_ms, until_ms
        return max(since_ms, min(hours)), min(until_ms, max(hours) + HOUR_MS)

    def _by_site(self, stream: str, ids: IdRanges, begin: int, end: int) -> list[_Records]:
        """What the uploader knows is read here, before the server is asked."""
        released = ids & self.journal.released(stream)
        excused: dict[Reason, IdRanges] = {
            "pending": released - self.progress.done.of(stream),
            "held": ids - released,
            "refused": self.progress.dead_letters.ids(self.journal.identity(), stream),
        }
        found: dict[str, IdRanges] = {}
        for first, last, site in self.journal.sites(stream):
            found[site] = found.get(site, NONE) | (ids & IdRanges(((first, last),)))
        return [
            _Records(stream, site, its, Points(MEASUREMENT_OF[stream], tag_value(site), begin, end), excused)
            for site, its in found.items()
            if its
        ]

    def _compared(self, records: _Records) -> Iterator[Hour]:
        """The hours of these records. One that may differ is examined; also one of which only a part is compared."""
        stream, points, first = records.stream, records.points, Total("count", FIRST[records.stream])
        names = FIELDS[STREAMS[stream]]
        if self.with_values and stream in {"days", "events"}:
            yield from self._examined(records, points.since_ms, points.until_ms, names)
            return
        fields = names if self.with_values else [first.field]
        counts, mine, is_lacking = tally(self.journal, stream, fields, records.ids)
        if is_lacking and not self.with_values:
            counts, mine, _ = tally(self.journal, stream, names, records.ids)
        of_all = dict.fromkeys(total for of_hour in mine.values() for total in of_hour)
        asked = [total for total in of_all if total.text is None or self.server.is_exact]
        if not self.with_values:
            asked = [total for total in asked if total.function == "count" and total.text is None]
        since_ms, until_ms = hour_of(points.since_ms), hour_of(points.until_ms + HOUR_MS - 1)
        theirs = self.server.totals(replace(points, since_ms=since_ms, until_ms=until_ms), asked)
        for hour in sorted({*mine, *theirs}):
            here, there, number = mine.get(hour, {}), theirs.get(hour, {}), counts[hour]
            begin, end = max(points.since_ms, hour), min(points.until_ms, hour + HOUR_MS)
            is_whole = end - begin == HOUR_MS
            differing = {total.field for total in asked if not (is_whole and self._agree(total, here, there, number))}
            if is_whole and not here:
                surplus = int(max(value for total, value in there.items() if total.function == "count"))
                yield Hour(stream, records.site, hour, 0, surplus, surplus)
            elif not differing:
                yield Hour(stream, records.site, hour, number, number)
            elif is_whole and not there:
                yield from self._examined(records, begin, end, ())
            else:
                fetched = {first.field, *differing} if here.get(first) == number else names
                yield from self._examined(records, begin, end, fetched)

    def _agree(self, total: Total, mine: Mapping[Total, float], theirs: Mapping[Total, float], number: int) -> bool:
        added = number if total.function == "sum" else 0
        return is_same(mine.get(total, 0.0), theirs.get(total, 0.0), is_exact=self.server.is_exact, added=added)

    def _examined(self, records: _Records, begin: int, end: int, names: Collection[str]) -> Iterator[Hour]:
        """The hours from `begin` to `end`, from all points of both sides and these fields; none: the server has no
        point."""
        mine: defaultdict[int, list[_Sent]] = defaultdict(list)
        second = set[str]()
        ids = IdRanges.of(self.journal.id_ranges(records.stream, begin, end))
        for line, values in sent(self.journal, records.stream, records.ids & ids):
            second.update(name for name in values if name.startswith(SECOND))
            compared = {name: value for name, value in values.items() if name in names or name in second}
            mine[hour_of(line.time_ms)].append((line, compared))
        theirs: defaultdict[int, _Stored] = defaultdict(dict)
        points = replace(records.points, since_ms=begin, until_ms=end)
        for time_ms, name, value in self.server.samples(points, names):
            theirs[hour_of(time_ms)].setdefault(time_ms, []).append((name, value))
        if self.with_values:
            points = replace(points, measurement=ENERGY_DAY)
            for time_ms, name, value in self.server.samples(points, [name.removeprefix(SECOND) for name in second]):
                theirs[hour_of(time_ms)].setdefault(time_ms, []).append((SECOND + name, value))
        for hour in sorted({*mine, *theirs}):
            yield self._hour(records, hour, mine[hour], theirs[hour])

    def _hour(self, records: _Records, hour: int, mine: list[_Sent], points: _Stored) -> Hour:
        missing: defaultdict[Reason, list[int]] = defaultdict(list)
        different: defaultdict[Reason, list[int]] = defaultdict(list)
        fields, is_exact = set[str](), self.server.is_exact
        for line, values in mine:
            if line.time_ms not in points:
                missing[self._reason(records, line, "lost")].append(line.id)
            elif self.with_values:
                point = points[line.time_ms]
                wrong = {name for name, value in point if not is_same(values.get(name), value, is_exact=is_exact)}
                lacking = values.keys() - {name for name, _ in point}
                if wrong or lacking:
                    fields |= wrong | lacking
                    is_mended = lacking or (is_exact and wrong & values.keys())
                    different[self._reason(records, line, "changed" if is_mended else "stuck")].append(line.id)
        return Hour(
            records.stream,
            records.site,
            hour,
            in_journal=len(mine),
            at_server=len(points),
            surplus=len(points.keys() - {line.time_ms for line, _ in mine}),
            missing={reason: IdRanges.of_ids(ids) for reason, ids in missing.items()},
            different={reason: IdRanges.of_ids(ids) for reason, ids in different.items()},
            fields=tuple(sorted(fields)),
        )

    def _reason(self, records: _Records, line: Line, otherwise: Reason) -> Reason:
        """Why a record is missing or different at the server; `otherwise`: the reason if it had accepted it."""
        for reason, ids in records.excused.items():
            if line.id in ids:
                return reason
        kept_seconds = self.server.retention_seconds()
        is_expired = kept_seconds and line.time_ms < self.now_ms - kept_seconds * 1000
        return "expired" if is_expired else otherwise
