"""Audit: what the journal has and the server has not, hour by hour (UTC), and why.

    journal   360  360  360  360     counted: for four weeks one question, whose answer has a number an hour
    server    360    0  351  360
              all none some  all     where it has some, the time of every point there is asked for

Rules:
- What has been sent is looked up before the server is asked; so a record that is sent meanwhile is no hole.
- Not seen: a lost point in an hour that has as many points of a stranger (the same site tag, another time) instead.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from journal.journal import Journal
from uploader.id_ranges import IdRanges
from uploader.line_protocol import MEASUREMENT_OF, tag_value
from uploader.progress import Progress
from uploader.question import HOUR_MS, Counts, Question
from uploader.witnesses import Row, Tally, Witnesses

Reason = Literal["pending", "held", "refused", "expired", "lost"]
Extent = Literal["all", "none", "some"]

T = TypeVar("T")

HOURS_AT_ONCE = {"readings": 28 * 24, "events": 28 * 24, "days": 364 * 24}
TIMES_AT_ONCE = 10_000


class Server(Protocol):
    """Query, or what stands in for it in a test."""

    def counts(self, question: Question) -> Counts: ...

    def times(self, question: Question) -> set[int]: ...


@dataclass(frozen=True, slots=True)
class Hour:
    """What one hour of one site has. `missing`: records that the server has not, by reason.

    pending  wait to be sent                                held     wait for a trusted clock
    refused  dead letters                                   expired  older than the server keeps points
    lost     sent, and not there; `lost_ids` are theirs

    `surplus`: points that the server has and the journal has not: pruned here, or of another source.
    """

    stream: str
    site: str
    begin_ms: int
    in_journal: int
    at_server: int
    missing: Mapping[Reason, int]
    lost_ids: IdRanges
    surplus: int


@dataclass(frozen=True, slots=True)
class _Standing:
    """How records stand with the uploader."""

    ids: IdRanges
    released: IdRanges
    done: IdRanges
    refused: IdRanges

    def within(self, ids: IdRanges) -> "_Standing":
        return _Standing(self.ids & ids, self.released & ids, self.done & ids, self.refused & ids)


class Audit:
    """Compares a journal with the server. `retention_seconds`: for how long that keeps points, None for ever."""

    def __init__(
        self, journal: Journal, progress: Progress, server: Server, *, retention_seconds: int | None, now_ms: int
    ) -> None:
        self._journal = journal
        self._progress = progress
        self._server = server
        self._expired_before_ms = -math.inf if retention_seconds is None else now_ms - retention_seconds * 1000

    def hours(self, stream: str, since_ms: int | None = None, until_ms: int | None = None) -> Iterator[Hour]:
        """Every hour between these moments, with what journal and server have; stretches that the journal has nothing
        of are left out, as are hours that neither has anything of. Raises UploadError as the server does.
        """
        witnesses = Witnesses(self._journal, stream)
        first_ms, after_ms = self._span(stream)
        begin = first_ms if since_ms is None else max(since_ms, first_ms)
        until = after_ms if until_ms is None else min(until_ms, after_ms)
        while begin < until:
            end = min((begin // HOUR_MS + HOURS_AT_ONCE[stream]) * HOUR_MS, until)
            standing = self._standing(stream, IdRanges.of(self._journal.id_ranges(stream, begin, end)))
            for site, ids in self._by_site(stream, standing.ids).items():
                yield from self._compare(witnesses, site, standing.within(ids), begin, end)
            begin = end

    def _compare(self, witnesses: Witnesses, site: str, standing: _Standing, begin: int, end: int) -> Iterator[Hour]:
        stream = witnesses.stream
        tallies = witnesses.tally(standing.ids)
        question = Question(MEASUREMENT_OF[stream], tag_value(site), witnesses.names, begin, end)
        counts = self._server.counts(question)
        for extent, hours in runs(tallies, counts, witnesses.names):
            if extent == "all":
                yield from (_settled(stream, site, hour, tallies, counts) for hour in hours)
                continue
            part = question.between(max(begin, hours[0]), min(end, hours[-1] + HOUR_MS))
            times = self._server.times(part) if extent == "some" else set()
            within = standing.within(IdRanges.of(self._journal.id_ranges(stream, part.since_ms, part.until_ms)))
            rows = _by_hour((row.time_ms, row) for row in witnesses.rows(within.ids))
            found = _by_hour((time, time) for time in times)
            for hour in hours:
                yield self._examined(stream, site, hour, rows=rows[hour], times=found[hour], standing=within)

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
        self, stream: str, site: str, begin_ms: int, *, rows: list[Row], times: list[int], standing: _Standing
    ) -> Hour:
        """An hour by all the times that either side has in it."""
        at_server = set(times)
        absent = [row for row in rows if row.time_ms not in at_server]
        ids = IdRanges.of_ids(row.id for row in absent)
        sent = ids & standing.released & standing.done
        refused = sent & standing.refused
        expired = IdRanges.of_ids(row.id for row in absent if row.time_ms < self._expired_before_ms) & (sent - refused)
        lost = sent - refused - expired
        reasons: dict[Reason, IdRanges] = {
            "pending": (ids & standing.released) - standing.done,
            "held": ids - standing.released,
            "refused": refused,
            "expired": expired,
            "lost": lost,
        }
        missing = {reason: each.count for reason, each in reasons.items() if each}
        surplus = len(at_server - {row.time_ms for row in rows})
        return Hour(stream, site, begin_ms, len(rows), len(at_server), missing, lost, surplus)

    def _by_site(self, stream: str, ids: IdRanges) -> dict[str, IdRanges]:
        found: dict[str, IdRanges] = {}
        for first, last, site in self._journal.sites(stream):
            found[site] = found.get(site, IdRanges()) | (ids & IdRanges(((first, last),)))
        return {site: part for site, part in found.items() if part}


def runs(tallies: Mapping[int, Tally], counts: Counts, names: Sequence[str]) -> Iterator[tuple[Extent, list[int]]]:
    """The hours that either side knows of, ascending: those that follow each other and are alike together.

    How much of what the journal has the server has: all, none or some. None and some are to be examined, so there are
    at most TIMES_AT_ONCE records together, or one hour.
    """
    run: list[int] = []
    extent: Extent = "all"
    size = 0
    for hour in sorted({*tallies, *counts}):
        its = _extent(tallies.get(hour), counts.get(hour, {}), names)
        its_size = 0 if its == "all" else max(tallies[hour].records, max(counts.get(hour, {}).values(), default=0))
        if run and (its != extent or hour != run[-1] + HOUR_MS or size + its_size > TIMES_AT_ONCE):
            yield extent, run
            run, size = [], 0
        run.append(hour)
        extent, size = its, size + its_size
    if run:
        yield extent, run


def _extent(tally: Tally | None, count: Mapping[str, int], names: Sequence[str]) -> Extent:
    if tally is None or all(tally.by_witness[name] == count.get(name, 0) for name in names):
        return "all"
    return "some" if any(count.values()) else "none"


def _by_hour(timed: Iterable[tuple[int, T]]) -> defaultdict[int, list[T]]:
    found: defaultdict[int, list[T]] = defaultdict(list)
    for time_ms, each in timed:
        found[time_ms // HOUR_MS * HOUR_MS].append(each)
    return found


def _settled(stream: str, site: str, begin_ms: int, tallies: Mapping[int, Tally], counts: Counts) -> Hour:
    """An hour of which the counts say all: the server has everything, or the journal nothing."""
    if tally := tallies.get(begin_ms):
        return Hour(stream, site, begin_ms, tally.records, tally.records, {}, IdRanges(), 0)
    surplus = max(counts[begin_ms].values())
    return Hour(stream, site, begin_ms, 0, surplus, {}, IdRanges(), surplus)
