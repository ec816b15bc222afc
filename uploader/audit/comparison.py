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

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from journal.journal import Journal
from uploader.audit.client import Client
from uploader.audit.countable_fields import Row, Witnesses
from uploader.audit.equality import Equality
from uploader.audit.query import HOUR_MS, Hours, Query, Sample, Summary
from uploader.progress.id_ranges import NONE, IdRanges
from uploader.progress.progress import Progress
from uploader.server.line_protocol import MEASUREMENT_OF, TEXT_FIELDS, tag_value

Extent = Literal["all", "none", "some"]
Reason = Literal["pending", "held", "refused", "expired", "lost", "changed", "stuck"]

T = TypeVar("T")

HOURS_AT_ONCE = {"readings": 28 * 24, "events": 28 * 24, "days": 364 * 24, "checks": 28 * 24}
HOURS_SUMMED_AT_ONCE = 7 * 24
SAMPLES_AT_ONCE = 50_000


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
class _Standing:
    """What the uploader knows about these records."""

    ids: IdRanges
    released: IdRanges
    done: IdRanges
    refused: IdRanges

    def within(self, ids: IdRanges) -> "_Standing":
        return _Standing(self.ids & ids, self.released & ids, self.done & ids, self.refused & ids)


class Comparison:
    """Compares a journal with the server. `retention_seconds`: how long it keeps points; 0 or None: for ever."""

    def __init__(
        self,
        journal: Journal,
        progress: Progress,
        server: Client,
        *,
        retention_seconds: int | None,
        now_ms: int,
        with_values: bool = False,
    ) -> None:
        self._journal = journal
        self._progress = progress
        self._server = server
        self._expired_before_ms = now_ms - retention_seconds * 1000 if retention_seconds else -math.inf
        self._with_values = with_values
        self._storage = server.storage
        self._equality = Equality(server.storage)

    def hours(self, stream: str, since_ms: int | None = None, until_ms: int | None = None) -> Iterator[Hour]:
        """Every hour in this period in which the journal or the server has something. A long time without any record in
        the journal is left out. Raises UploadError if the server cannot be asked.
        """
        witnesses = Witnesses(self._journal, stream, is_every_field=self._with_values)
        first_ms, after_ms = self._span(stream)
        begin = first_ms if since_ms is None else max(since_ms, first_ms)
        until = after_ms if until_ms is None else min(until_ms, after_ms)
        at_once = HOURS_SUMMED_AT_ONCE if self._is_summed(stream) else HOURS_AT_ONCE[stream]
        while begin < until:
            end = min((begin // HOUR_MS + at_once) * HOUR_MS, until)
            standing = self._standing(stream, IdRanges.of(self._journal.id_ranges(stream, begin, end)))
            for site, ids in self._by_site(stream, standing.ids).items():
                yield from self._compare(witnesses, site, standing.within(ids), begin, end)
            begin = end if standing.ids else self._after_nothing(stream, end, until, at_once * HOUR_MS)

    def _after_nothing(self, stream: str, begin: int, until: int, stretch_ms: int) -> int:
        """Where to continue: after all whole stretches without a record. A damaged time may be centuries away."""
        ranges = self._journal.id_ranges(stream, begin, until)
        records = (self._journal.get(stream, first) for first, _ in ranges)
        next_ms = min((record.time_ms for record in records if record), default=until)
        return begin + (next_ms - begin) // stretch_ms * stretch_ms

    def _compare(self, witnesses: Witnesses, site: str, standing: _Standing, begin: int, end: int) -> Iterator[Hour]:
        stream = witnesses.stream
        is_summed = self._is_summed(stream)
        records, mine = witnesses.tally(standing.ids, with_values=is_summed)
        query = Query(MEASUREMENT_OF[stream], tag_value(site), witnesses.names, begin, end)
        theirs = self._server.summaries(self._with_functions(query, mine) if is_summed else query)
        extents = {
            hour: self._extent(mine.get(hour, {}), theirs.get(hour, {}), is_fetched=self._with_values and not is_summed)
            for hour in {*mine, *theirs}
        }
        sizes = {hour: _size(mine.get(hour, {}), theirs.get(hour, {})) for hour in extents}
        for extent, hours in runs(extents, sizes):
            if extent == "all":
                for hour in hours:
                    there = max((each.count for each in theirs.get(hour, {}).values()), default=0)
                    here = records[hour]
                    yield Hour(stream, site, hour, here, here or there, surplus=0 if here else there)
                continue
            part = query.between(max(begin, hours[0]), min(end, hours[-1] + HOUR_MS))
            samples = self._server.samples(part) if extent == "some" else ()
            within = standing.within(IdRanges.of(self._journal.id_ranges(stream, part.since_ms, part.until_ms)))
            rows = _by_hour((row.time_ms, row) for row in witnesses.rows(within.ids))
            found = _by_hour((sample[0], sample) for sample in samples)
            for hour in hours:
                yield self._examined(stream, site, hour, rows=rows[hour], samples=found[hour], standing=within)

    def _is_summed(self, stream: str) -> bool:
        return self._with_values and stream == "readings"

    def _with_functions(self, query: Query, mine: Hours) -> Query:
        """The query, with the numbers to summarise and the texts that the journal has."""
        numbers = tuple(name for name in query.fields if name not in TEXT_FIELDS)
        keys = {key for of_hour in mine.values() for key in of_hour if "=" in key} if self._storage.keeps_text else ()
        texts = [(name, text) for name, _, text in (key.partition("=") for key in sorted(keys))]
        return replace(query, numbers=numbers, texts=tuple(texts))

    def _extent(self, mine: Mapping[str, Summary], theirs: Mapping[str, Summary], *, is_fetched: bool) -> Extent:
        """How much of the journal's records of an hour the server has."""
        if not mine or (not is_fetched and self._equality.agree(mine, theirs)):
            return "all"
        return "some" if any(each.count for each in theirs.values()) else "none"

    def _span(self, stream: str) -> tuple[int, int]:
        """The first time that the stream has, and one after the last."""
        if stream == "days":
            times = [row[0] for row in self._journal.values(stream, ("time_ms",), 1, self._journal.last_id(stream))]
        else:
            times = [time for span in self._journal.spans(stream) for time in (span.first_ms, span.last_ms)]
        return (min(times), max(times) + 1) if times else (0, 0)

    def _standing(self, stream: str, ids: IdRanges) -> _Standing:
        return _Standing(
            ids,
            released=ids & IdRanges.of(self._journal.released(stream)),
            done=ids & self._progress.done(stream),
            refused=self._progress.dead_letters.ids(self._journal.identity(), stream, ids.first, ids.last),
        )

    def _examined(
        self, stream: str, site: str, begin_ms: int, *, rows: list[Row], samples: list[Sample], standing: _Standing
    ) -> Hour:
        """An hour, from all points of both sides."""
        by_time = {row.time_ms: row for row in rows}
        there: defaultdict[int, set[str]] = defaultdict(set)
        changed, stuck, fields = set[int](), set[int](), set[str]()
        for time_ms, name, value in samples:
            there[time_ms].add(name)
            row = by_time.get(time_ms)
            if self._with_values and row and not self._equality.is_same(row.values.get(name), value):
                fields.add(name)
                is_mended = name in row.values and self._storage.overwrites
                (changed if is_mended else stuck).add(row.id)
        absent = []
        for row in rows:
            if row.time_ms not in there:
                absent.append(row)
            elif self._with_values and (lacking := row.values.keys() - there[row.time_ms]):
                fields |= lacking
                changed.add(row.id)
        expired = IdRanges.of_ids(row.id for row in rows if row.time_ms < self._expired_before_ms)
        missing = _reasons(IdRanges.of_ids(row.id for row in absent), standing, expired, otherwise="lost")
        different = _reasons(IdRanges.of_ids(changed), standing, expired, otherwise="changed")
        unmended = _reasons(IdRanges.of_ids(stuck - changed), standing, expired, otherwise="stuck")
        return Hour(
            stream,
            site,
            begin_ms,
            in_journal=len(rows),
            at_server=len(there),
            missing=_counts(missing),
            lost_ids=missing.get("lost", NONE),
            surplus=len(there.keys() - by_time.keys()),
            different=_counts(different) + _counts(unmended),
            changed_ids=different.get("changed", NONE),
            fields=tuple(sorted(fields)),
        )

    def _by_site(self, stream: str, ids: IdRanges) -> dict[str, IdRanges]:
        found: dict[str, IdRanges] = {}
        for first, last, site in self._journal.sites(stream):
            found[site] = found.get(site, IdRanges()) | (ids & IdRanges(((first, last),)))
        return {site: part for site, part in found.items() if part}


def _reasons(ids: IdRanges, standing: _Standing, expired: IdRanges, *, otherwise: Reason) -> dict[Reason, IdRanges]:
    """Why these records are missing or different at the server; `otherwise`: the reason if it had accepted them."""
    sent = ids & standing.released & standing.done
    reasons: dict[Reason, IdRanges] = {
        "pending": (ids & standing.released) - standing.done,
        "held": ids - standing.released,
        "refused": sent & standing.refused,
        "expired": (sent - standing.refused) & expired,
        otherwise: sent - standing.refused - expired,
    }
    return {reason: its for reason, its in reasons.items() if its}


def _counts(reasons: Mapping[Reason, IdRanges]) -> Counter[Reason]:
    return Counter({reason: ids.count for reason, ids in reasons.items()})


def runs(extents: Mapping[int, Extent], sizes: Mapping[int, int]) -> Iterator[tuple[Extent, list[int]]]:
    """The hours, ascending, in groups of neighbours of the same extent.

    A group has at most SAMPLES_AT_ONCE samples, or one hour.
    """
    run: list[int] = []
    size = 0
    for hour in sorted(extents):
        if run and (extents[hour] != extents[run[-1]] or (size + sizes[hour] > SAMPLES_AT_ONCE)):
            yield extents[run[-1]], run
            run, size = [], 0
        run.append(hour)
        size += sizes[hour]
    if run:
        yield extents[run[-1]], run


def _size(mine: Mapping[str, Summary], theirs: Mapping[str, Summary]) -> int:
    return max(sum(each.count for key, each in of_hour.items() if "=" not in key) for of_hour in (mine, theirs))


def _by_hour(timed: Iterable[tuple[int, T]]) -> defaultdict[int, list[T]]:
    found: defaultdict[int, list[T]] = defaultdict(list)
    for time_ms, each in timed:
        found[time_ms // HOUR_MS * HOUR_MS].append(each)
    return found
