"""Revisions: readings recalculated in place because a scale was wrong. They keep their ids, times and raw bytes.

    decoding   "charge 0.5", readings up to 41000 and days up to 62 are not done yet
    revisions  17   readings 41001 to 41200 have new values

A batch of readings, its revision and the new mark are one transaction: after a crash at most that batch is repeated.
The uploader remembers the last revision that it has seen, and sends again what came after it.

No number is used twice: each is higher than the last by a random amount. So if a card loses a revision, the uploader
sees that its number is gone, and goes through all revisions again.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, fields

from journal.reading import Reading

KEPT = {"id", "time_ms", "boot", "uptime_ms", "wall_ms", "time_uncertainty_seconds", "reading_seconds", "raw"}
"""The columns that do not come from the raw bytes."""
DECODED = tuple(field.name for field in fields(Reading) if field.name not in KEPT)


@dataclass(frozen=True, slots=True)
class Decoding:
    """`scale` names how raw bytes become quantities. Ids up to `readings_undone`, `days_undone` are not done yet."""

    scale: str
    readings_undone: int = 0
    days_undone: int = 0


@dataclass(frozen=True, slots=True)
class Revision:
    """The readings with these ids, both included, were revised; the revision's number rises with time."""

    number: int
    first_id: int
    last_id: int


def load_decoding(connection: sqlite3.Connection) -> Decoding | None:
    row = connection.execute("SELECT scale, readings_undone, days_undone FROM decoding").fetchone()
    return Decoding(*row) if row else None


def write_decoding(connection: sqlite3.Connection, decoding: Decoding) -> None:
    connection.execute("DELETE FROM decoding")
    connection.execute(
        "INSERT INTO decoding VALUES (?, ?, ?)", (decoding.scale, decoding.readings_undone, decoding.days_undone)
    )


def rewrite(connection: sqlite3.Connection, readings: Iterable[Reading]) -> None:
    """Store the new quantities of these readings, and record a revision if there are any."""
    ids = []
    assignments = ", ".join(f"{name} = :{name}" for name in DECODED)
    for reading in readings:
        values = {name: getattr(reading, name) for name in DECODED} | {"id": reading.id}
        connection.execute(f"UPDATE readings SET {assignments} WHERE id = :id", values)
        ids.append(reading.id or 0)
    if ids:
        connection.execute(
            """
            INSERT INTO revisions (id, first_id, last_id)
            SELECT coalesce(max(id), 0) + 1 + (random() & 0xFFFFF), ?, ?
            FROM revisions
            """,
            (min(ids), max(ids)),
        )


def load(connection: sqlite3.Connection, after: int) -> list[Revision]:
    """The revisions after this one; all if it is gone."""
    query = """
        SELECT id, first_id, last_id
        FROM revisions
        WHERE id > (SELECT coalesce(max(id), 0) FROM revisions WHERE id = ?)
        ORDER BY id
        """
    return [Revision(*row) for row in connection.execute(query, (after,))]
