"""Pruning: old readings that were sent are deleted, in small steps, never the newest."""

import sqlite3
from collections.abc import Sequence

from journal.spans import Spans


def prune(
    connection: sqlite3.Connection, sent: Sequence[tuple[int, int]], before_ms: int, newest_id: int, limit: int
) -> int:
    """Delete at most `limit` readings older than `before_ms` in the ranges `sent`, below `newest_id`; how many it were.

    To be called within a transaction.
    """
    deleted = 0
    for old_first, old_last in Spans(connection, "readings").ids_between(-(2**63), before_ms):
        for sent_first, sent_last in sent:
            cursor = connection.execute(
                """
                DELETE FROM readings
                WHERE id IN (SELECT id FROM readings WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?)
                """,
                (max(old_first, sent_first), min(old_last, sent_last, newest_id - 1), limit - deleted),
            )
            deleted += cursor.rowcount
    return deleted
