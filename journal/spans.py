"""Spans: parts of a stream with rising times, so that a moment is found without an index and never given twice.

id    1 2 3 4 5 | 6 7 8 | 9 10 11 …      a span begins at each boot, and where the clock was set back
time  ↗           ↗       ↗              within one, ids and times rise together: binary search

At a start, spans of earlier boots are joined if their times rise from one to the next (`merge`).
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from journal.id_ranges import IdRanges
from journal.reading import TIMED

# A clock set back by less than this is jitter; by more, a step, which begins a new span.
STEP_MS = 2000


@dataclass(slots=True)
class Span:
    """A stretch of ids with rising times, and the times at both ends.

    If it was joined from several spans, `boot` is that of its last record.
    """

    first_id: int
    last_id: int
    boot: int
    is_held: bool
    first_ms: int
    last_ms: int


def ids(connection: sqlite3.Connection, stream: str, *, is_held: bool) -> IdRanges:
    """The ids that are held, or released."""
    query = f"SELECT first_id, last_id FROM ({_bounds(stream)}) WHERE is_held = ?"
    return IdRanges.of(connection.execute(query, (stream, is_held)))


def _bounds(stream: str) -> str:
    """Spans with their last ids: one statement, so that no span can begin between reading the spans and the last id."""
    return f"""
        SELECT first_id, lead(first_id, 1, (SELECT max(id) + 1 FROM {stream})) OVER (ORDER BY first_id) - 1 AS last_id,
               boot, is_held
        FROM spans
        WHERE stream = ?
        """


def merge(connection: sqlite3.Connection) -> None:
    """Join spans of earlier boots if their times rise from one to the next. Call it within a transaction, at a start.

    Otherwise ten years of daily starts would leave 3,650 spans. Deleted readings leave no span. Held spans stay, with
    those that give their date; and those of the newest boot: it may go on.
    """
    boots = connection.execute("SELECT id, boot_id, anchor_time_ms FROM boots ORDER BY id").fetchall()
    newest = boots[-1][1].partition("+")[0] if boots else ""
    of_streams = {stream: Spans(connection, stream).spans for stream in TIMED}
    stay = {number for number, name, _ in boots if name.partition("+")[0] == newest}
    stay |= _beside_held(
        {number: anchor_ms is not None for number, _, anchor_ms in boots},
        [span for spans in of_streams.values() for span in spans],
    )
    for stream, spans in of_streams.items():
        kept: list[Span] = []
        for span in spans:
            before = kept[-1] if kept else None
            if before and stay.isdisjoint((before.boot, span.boot)) and before.last_ms < span.first_ms:
                before.last_id, before.last_ms, before.boot = span.last_id, span.last_ms, span.boot
            else:
                kept.append(span)
        (count,) = connection.execute("SELECT count(*) FROM spans WHERE stream = ?", (stream,)).fetchone()
        if count != len(kept):
            connection.execute("DELETE FROM spans WHERE stream = ?", (stream,))
            connection.executemany(
                "INSERT INTO spans (stream, first_id, boot, is_held) VALUES (?, ?, ?, ?)",
                [(stream, span.first_id, span.boot, span.is_held) for span in kept],
            )


def _beside_held(boots: Mapping[int, bool], spans: Sequence[Span]) -> set[int]:
    """The boots with held records, and those that date them (logger/clock/undated_boots.py): the last one before with
    released records, and all after up to the first with an anchor. `boots`, in order: whether each has one."""
    held = {span.boot for span in spans if span.is_held}
    released = {span.boot for span in spans if not span.is_held}
    beside = set(held)
    last: set[int] = set()
    is_dated = True
    for boot, has_anchor in boots.items():
        if boot in held:
            beside |= last
            is_dated = False
        elif not is_dated:
            beside.add(boot)
            is_dated = has_anchor
        if boot in released:
            last = {boot}
    return beside


class Spans:
    """The spans of one stream of TIMED, as they are in the file at this moment."""

    def __init__(self, connection: sqlite3.Connection, stream: str) -> None:
        self._connection = connection
        self._stream = stream
        self.spans = self._load()

    def _load(self) -> list[Span]:
        rows = self._connection.execute(
            f"""
            SELECT first_id, last_id, boot, is_held,
                   (SELECT time_ms FROM {self._stream} WHERE id BETWEEN first_id AND last_id ORDER BY id LIMIT 1),
                   (SELECT time_ms FROM {self._stream} WHERE id BETWEEN first_id AND last_id ORDER BY id DESC LIMIT 1)
            FROM ({_bounds(self._stream)})
            """,
            (self._stream,),
        )
        # Without a time its records were deleted.
        return [Span(first, last, boot, bool(held), *ms) for first, last, boot, held, *ms in rows if None not in ms]

    def ids_between(self, since_ms: int, until_ms: int) -> list[tuple[int, int]]:
        """The ranges of ids whose time is at or after `since_ms` and before `until_ms`. Both ends of each are there,
        even if others were deleted."""
        found = []
        for span in self.spans:
            ids = self._first_at(span, since_ms), self._first_at(span, until_ms) - 1
            ends = self._row(*ids, "ASC"), self._row(*ids, "DESC")
            found += [(first[0], last[0]) for first, last in [ends] if first and last]
        return found

    def place(self, boot: int, uptime_ms: int, time_ms: int, *, is_held: bool) -> tuple[int, bool]:
        """Where the next record belongs: the first free millisecond from `time_ms` on, and whether it begins a span.

        A record that was taken before the newest one, by uptime, was recovered: its time is no jitter.
        """
        newest = self.spans[-1] if self.spans else None
        if newest and (newest.boot, newest.is_held) == (boot, is_held):
            is_jitter = newest.last_ms - STEP_MS < time_ms <= newest.last_ms
            if newest.last_ms < time_ms or (is_jitter and self._end(newest, "DESC")[0][0] <= uptime_ms):
                return self.free(max(time_ms, newest.last_ms + 1)), False
        return self.free(time_ms), True

    def add(self, record_id: int, boot: int, time_ms: int, *, is_held: bool, begins: bool) -> None:
        """Note a record that was stored as `place` said."""
        if begins:
            self._connection.execute(
                "INSERT INTO spans (stream, first_id, boot, is_held) VALUES (?, ?, ?, ?)",
                (self._stream, record_id, boot, is_held),
            )
            self.spans.append(Span(record_id, record_id, boot, is_held, time_ms, time_ms))
        else:
            self.spans[-1].last_id, self.spans[-1].last_ms = record_id, time_ms

    def dated(self, held: Span, wanted: list[int], left: int) -> list[int]:
        """Times for the first records of a held span: near `wanted`, but not taken yet, rising, and in order with the
        trusted records of the same boot. `left` more records of the span come after them."""
        times = []
        time_ms, end_ms = self._room(held)
        for each in wanted:
            time_ms = self.free(max(each, time_ms + 1), but=held)
            times.append(time_ms)
        end_ms -= left
        for place in reversed(range(len(times))):
            if times[place] < end_ms:
                break
            end_ms -= 1
            while self._is_taken(end_ms, but=held):
                end_ms -= 1
            times[place] = end_ms
        return times

    def _room(self, held: Span) -> tuple[int, int]:
        """The times of its boot's trusted records just before and after it, by uptime: a recovered record has a late
        id. The id counts only between records of the same millisecond."""
        (first, _, _), (last, _, _) = self._end(held, "ASC"), self._end(held, "DESC")
        trusted = [span for span in self.spans if span.boot == held.boot and not span.is_held]
        ends = [self._end(span, order) for span in trusted for order in ("ASC", "DESC")]
        before = [time_ms for taken, time_ms, boot in ends if boot == held.boot and taken < first]
        after = [time_ms for taken, time_ms, boot in ends if boot == held.boot and taken > last]
        return max(before, default=-(2**63)), min(after, default=2**63)

    def _end(self, span: Span, order: str) -> tuple[tuple[int, int], int, int]:
        """Uptime and id, time, and boot of its first (ASC) or last (DESC) record."""
        uptime_ms, record_id, time_ms, boot = self._connection.execute(
            f"""
            SELECT uptime_ms, id, time_ms, boot FROM {self._stream}
            WHERE id BETWEEN ? AND ? ORDER BY id {order} LIMIT 1
            """,
            (span.first_id, span.last_id),
        ).fetchone()
        return (uptime_ms, record_id), time_ms, boot

    def free(self, time_ms: int, but: Span | None = None) -> int:
        """The first millisecond from `time_ms` on that no record has; the span `but` does not count."""
        while self._is_taken(time_ms, but):
            time_ms += 1
        return time_ms

    def _is_taken(self, time_ms: int, but: Span | None) -> bool:
        return any(
            span.first_ms <= time_ms <= span.last_ms and self._has(span, time_ms)
            for span in self.spans
            if span is not but
        )

    def _has(self, span: Span, time_ms: int) -> bool:
        row = self._row(self._first_at(span, time_ms), span.last_id, "ASC")
        return row is not None and row[1] == time_ms

    def _first_at(self, span: Span, time_ms: int) -> int:
        """The first id of the span whose time is at or after `time_ms`; one past its last id if there is none."""
        low, high = span.first_id, span.last_id + 1
        while low < high:
            middle = (low + high) // 2
            row = self._row(middle, span.last_id, "ASC")
            if row is None or row[1] >= time_ms:
                high = middle
            else:
                low = row[0] + 1
        return low

    def _row(self, first_id: int, last_id: int, order: str) -> tuple[int, int] | None:
        """Id and time of the first (ASC) or last (DESC) record between two ids, both included."""
        row: tuple[int, int] | None = self._connection.execute(
            f"SELECT id, time_ms FROM {self._stream} WHERE id BETWEEN ? AND ? ORDER BY id {order} LIMIT 1",
            (first_id, last_id),
        ).fetchone()
        return row
