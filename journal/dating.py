"""Dating: gives held records their times from their boot's anchor, some at a time, and releases them.

held span   |--------------------|        ids 11 to 30 of boot 7
dated       |-------|------------|        11 to 18 have their times; 19 to 30 are still held
"""

import sqlite3

from journal.boots import Anchor, stated
from journal.spans import STEP_MS, Spans


def date(connection: sqlite3.Connection, stream: str, boot: int, anchor: Anchor, limit: int) -> int:
    """Date at most `limit` records of a boot's first held span, oldest first; returns how many.

    Call it within a transaction.
    """
    of_stream = Spans(connection, stream)
    places = [place for place, span in enumerate(of_stream.spans) if span.boot == boot and span.is_held]
    if not places:
        return 0
    span = of_stream.spans[places[0]]
    rows = connection.execute(
        f"SELECT id, uptime_ms FROM {stream} WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?",
        (span.first_id, span.last_id, limit),
    ).fetchall()
    uncertainty = ", time_uncertainty_seconds = :uncertainty" if stream == "readings" else ""
    left = span.last_id - rows[-1][0]
    times = of_stream.dated(span, [anchor.time_at(uptime_ms) for _, uptime_ms in rows], left)
    for (record_id, uptime_ms), time_ms in zip(rows, times, strict=True):
        connection.execute(
            f"""
            UPDATE {stream}
            SET wall_ms = iif(abs(coalesce(wall_ms, time_ms) - :time_ms) > {STEP_MS}, coalesce(wall_ms, time_ms), NULL),
                time_ms = :time_ms{uncertainty}
            WHERE id = :id
            """,
            {"id": record_id, "time_ms": time_ms, "uncertainty": stated(anchor.uncertainty_at(uptime_ms))},
        )
    before = of_stream.spans[places[0] - 1] if places[0] else None
    where = "WHERE stream = ? AND first_id = ?", (stream, span.first_id)
    if before and (before.boot, before.is_held) == (boot, False) and before.last_ms < times[0]:
        connection.execute(f"DELETE FROM spans {where[0]}", where[1])  # the span continues with this record
    else:
        connection.execute(f"UPDATE spans SET is_held = 0 {where[0]}", where[1])
    last_dated = rows[-1][0]
    if last_dated < span.last_id:
        connection.execute(
            "INSERT INTO spans (stream, first_id, boot, is_held) VALUES (?, ?, ?, 1)", (stream, last_dated + 1, boot)
        )
    return len(rows)
