"""Traffic: bytes sent and received on each day (UTC). Transport says what counts.

They are counted in memory and written with the next transaction, to spare the SD card.
"""

import sqlite3
from datetime import UTC, datetime


class Traffic:
    """The table `traffic` of an open uploader.db, and the bytes that are not in it yet."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._unwritten: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._unwritten)

    def add(self, size: int, now_ms: int) -> None:
        day = _day(now_ms)
        self._unwritten[day] = self._unwritten.get(day, 0) + size

    def today(self, now_ms: int) -> int:
        return self._sum(_day(now_ms))

    def this_month(self, now_ms: int) -> int:
        return self._sum(_day(now_ms)[:7])

    def write(self) -> None:
        """Record them. Call it within a transaction, and `forget` after the commit."""
        self._connection.executemany(
            "INSERT INTO traffic VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET size = size + excluded.size",
            self._unwritten.items(),
        )

    def forget(self) -> None:
        self._unwritten.clear()

    def _sum(self, prefix: str) -> int:
        (written,) = self._connection.execute(
            "SELECT coalesce(sum(size), 0) FROM traffic WHERE day BETWEEN ? AND ? || '~'", (prefix, prefix)
        ).fetchone()
        return int(written) + sum(size for day, size in self._unwritten.items() if day.startswith(prefix))


def _day(now_ms: int) -> str:
    return datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%d")
