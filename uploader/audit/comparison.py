"""Comparison: what is missing at the server, or has other values there; hour by hour (UTC), with the reason.

    journal   360  360  360  360     the number of records in each hour, on both sides: one query for weeks
    server    360    0  351  360
              all none some  all     in a "some" hour every point is fetched and compared

With values, an hour is "all" only if the sum, minimum and maximum of each number and the count of each text are equal.
Days and events are few, so all of them are fetched.

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
from uploader.audit import equality
from uploader.audit.client import Client
from uploader.audit.query import HOUR_MS, Hours, Query, Sample, Summary, hour_of
from uploader.audit.records import FIRST, Row, rows, tally
from uploader.progress.progress import Progress
from uploader.server.line_protocol import FIELDS, MEASUREMENT_OF, TEXT_FIELDS, tag_value

Reason = Literal["pending", "held", "refused", "expired", "lost", "changed", "stuck"]
HOURS_AT_ONCE = {"readings": 28 * 24, "events": 28 * 24, "days": 364 * 24, "checks": 28 * 24}
SUMMED = {"readings", "checks"}
HOURS_SUMMED_AT_ONCE = 7 * 24
SAMPLES_AT_ONCE = 50_000
FARTHEST_MS = 2**63


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of one site. `missing`: how many records the server does not have, by reason.

    pending  waiting to be sent                             held     waiting until the clock is trusted
    refused  dead letters                                   expired  older than the server keeps points
    lost     sent, but not there (`lost_ids`)

    `different`: how many records have other values at the server, by reason. Two reasons more:

    changed  sending again would fix it (`changed_ids`)     stuck    sending again would not replace the old value

    `fields`: those with other values. `surplus`: points that only the server has: pruned here, or from another source.
    """

    stream: str
    site: str
    begin_ms: int
    in_journal: int
    at_server: int
    missing: Mapping[Reason, int] = field(default_factory=dict)
    lost_ids: IdRanges = NONE
    surplus: int = 0
    different: Mapping[Reason, int] = field(default_factory=dict)
    changed_ids: IdRanges = NONE
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Records:
    """Some records of one site. `excused`: for each reason that the uploader knows, those that the server need not
    have."""

    stream: str
    site: str
    ids: IdRanges
    excused: Mapping[Reason, IdRanges]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Compares a journal with the server. `retention_seconds`: how long it keeps points; 0 or None: for ever."""

    journal: Journal
    progress: Progress
    server: Client
    retention_seconds: int | None
    now_ms: int
    with_values: bool = False

    def hours(self, stream: str, since_ms: int | None = None, until_ms: int | None = None) -> Iterator[Hour]:
        """Every hour in this period in which the journal or the server has something. A long time without any record in
        the journal is left out. Raises UploadError if the server cannot be asked.
        """
        at_once = HOURS_SUMMED_AT_ONCE if self._is_summed(stream) else HOURS_AT_ONCE[stream]
        since = -FARTHEST_MS if since_ms is None else since_ms
        begin, until = self._ends(stream, since, FARTHEST_MS if until_ms is None else until_ms)
        while begin < until:
            end = min((begin // HOUR_MS + at_once) * HOUR_MS, until)
            ids = IdRanges.of(self.journal.id_ranges(stream, begin, end))
            for records in self._by_site(stream, ids):
                yield from self._compared(records, begin, end)
            # Without a record here, the next may be centuries away: a damaged time.
            begin = end if ids else self._ends(stream, end, until)[0]

    def _ends(self, stream: str, since_ms: int, until_ms: int) -> tuple[int, int]:
        """The time of the first record in this period, and one after that of the last; the period's end if there is
        none."""
        ranges = self.journal.id_ranges(stream, since_ms, until_ms)
        records = [self.journal.get(stream, record_id) for first_and_last in ranges for record_id in first_and_last]
        times = [record.time_ms for record in records if record]
        return (min(times), max(times) + 1) if times else (until_ms, until_ms)

    def _by_site(self, stream: str, ids: IdRanges) -> list[_Records]:
        """What the uploader knows is read here, before the server is asked."""
        released = ids & self.journal.released(stream)
        excused: dict[Reason, IdRanges] = {
            "pending": released - self.progress.done.of(stream),
            "held": ids - released,
            "refused": self.progress.dead_letters.ids(self.journal.identity(), stream, ids.first, ids.last),
        }
        found: dict[str, IdRanges] = {}
        for first, last, site in self.journal.sites(stream):
            found[site] = found.get(site, NONE) | (ids & IdRanges(((first, last),)))
        return [_Records(stream, site, its, excused) for site, its in found.items() if its]

    def _compared(self, records: _Records, begin: int, end: int) -> Iterator[Hour]:
        """The hours from `begin` to `end`: those that may differ are examined, together with their neighbours."""
        stream, is_summed = records.stream, self._is_summed(records.stream)
        names = FIELDS[STREAMS[stream]] if self.with_values else (FIRST[stream],)
        with_texts = is_summed and self.server.is_exact
        found = tally(self.journal, stream, names, records.ids, with_values=is_summed, with_texts=with_texts)
        query, mine = Query(MEASUREMENT_OF[stream], tag_value(records.site), found.names, begin, end), found.hours
        theirs = self.server.summaries(_with_functions(query, mine) if is_summed else query)
        differing = {hour for hour in mine if not self._agree(stream, mine[hour], theirs.get(hour, {}))}
        sizes = {hour: _size(mine.get(hour, {}), theirs.get(hour, {})) for hour in {*mine, *theirs}}
        for hours in runs(sizes, differing):
            hour, here = hours[0], found.records[hours[0]]
            if hour in differing:
                part = query.between(max(begin, hour), min(end, hours[-1] + HOUR_MS))
                samples = self.server.samples(part) if theirs.keys() & hours else []
                yield from self._examined(records, part, hours, samples)
            elif here:
                yield Hour(stream, records.site, hour, here, here)
            else:
                there = max(each.count for each in theirs[hour].values())
                yield Hour(stream, records.site, hour, 0, there, surplus=there)

    def _is_summed(self, stream: str) -> bool:
        """Whether values are compared by their sums first. Days and events are few."""
        return self.with_values and stream in SUMMED

    def _agree(self, stream: str, mine: Mapping[str, Summary], theirs: Mapping[str, Summary]) -> bool:
        is_told_by_sums = self._is_summed(stream) or not self.with_values
        return is_told_by_sums and equality.agree(mine, theirs, is_exact=self.server.is_exact)

    def _examined(self, records: _Records, part: Query, hours: list[int], samples: list[Sample]) -> Iterator[Hour]:
        """These hours, from all points of both sides."""
        points: defaultdict[int, dict[int, list[Sample]]] = defaultdict(dict)
        for sample in samples:
            points[hour_of(sample[0])].setdefault(sample[0], []).append(sample)
        ids = records.ids & IdRanges.of(self.journal.id_ranges(records.stream, part.since_ms, part.until_ms))
        mine: defaultdict[int, list[Row]] = defaultdict(list)
        for row in rows(self.journal, records.stream, part.fields, ids):
            mine[hour_of(row.time_ms)].append(row)
        for hour in hours:
            yield self._hour(records, hour, mine[hour], points[hour])

    def _hour(self, records: _Records, hour: int, mine: list[Row], points: Mapping[int, list[Sample]]) -> Hour:
        missing: defaultdict[Reason, list[int]] = defaultdict(list)
        different: defaultdict[Reason, list[int]] = defaultdict(list)
        fields = set[str]()
        for row in mine:
            if row.time_ms not in points:
                missing[self._reason(records, row, "lost")].append(row.id)
            elif self.with_values:
                wrong, is_mended = self._differences(row, points[row.time_ms])
                if wrong:
                    fields |= wrong
                    different[self._reason(records, row, "changed" if is_mended else "stuck")].append(row.id)
        return Hour(
            records.stream,
            records.site,
            hour,
            in_journal=len(mine),
            at_server=len(points),
            missing={reason: len(ids) for reason, ids in missing.items()},
            lost_ids=IdRanges.of_ids(missing.get("lost", ())),
            surplus=len(points.keys() - {row.time_ms for row in mine}),
            different={reason: len(ids) for reason, ids in different.items()},
            changed_ids=IdRanges.of_ids(different.get("changed", ())),
            fields=tuple(sorted(fields)),
        )

    def _differences(self, row: Row, point: list[Sample]) -> tuple[set[str], bool]:
        """The fields with other values at the server, and whether sending again would replace one."""
        values, is_exact = row.values, self.server.is_exact
        wrong = {name for _, name, value in point if not equality.is_same(values.get(name), value, is_exact=is_exact)}
        lacking = values.keys() - {name for _, name, _ in point}
        return wrong | lacking, bool(lacking or (is_exact and wrong & values.keys()))

    def _reason(self, records: _Records, row: Row, otherwise: Reason) -> Reason:
        """Why a record is missing or different at the server; `otherwise`: the reason if it had accepted it."""
        for reason, ids in records.excused.items():
            if row.id in ids:
                return reason
        is_expired = self.retention_seconds and row.time_ms < self.now_ms - self.retention_seconds * 1000
        return "expired" if is_expired else otherwise


def _with_functions(query: Query, mine: Hours) -> Query:
    """The query, with the numbers to summarise and the texts that the journal has."""
    numbers = tuple(name for name in query.fields if name not in TEXT_FIELDS)
    keys = sorted({key for of_hour in mine.values() for key in of_hour if "=" in key})
    texts = tuple((name, text) for name, _, text in (key.partition("=") for key in keys))
    return replace(query, numbers=numbers, texts=texts)


def runs(sizes: Mapping[int, int], differing: Collection[int]) -> Iterator[list[int]]:
    """The hours of `sizes`, ascending: neighbours that differ together, up to SAMPLES_AT_ONCE samples; any other
    alone."""
    run: list[int] = []
    size = 0
    for hour in sorted(sizes):
        is_next = run and hour in differing and run[-1] in differing
        if run and not (is_next and size + sizes[hour] <= SAMPLES_AT_ONCE):
            yield run
            run, size = [], 0
        run.append(hour)
        size += sizes[hour]
    if run:
        yield run


def _size(mine: Mapping[str, Summary], theirs: Mapping[str, Summary]) -> int:
    """How many samples an hour has."""
    return max(sum(each.count for key, each in of_hour.items() if "=" not in key) for of_hour in (mine, theirs))
