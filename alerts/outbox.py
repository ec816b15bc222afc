"""The outbox: alerts.db, which knows what was decided, which messages are still to be sent, and to whom.

    decide   the rules' states, the place in the journal and the messages: one transaction
    send     then, for each receiver by itself, the message is sent
    mark     and then it is marked as sent

After a crash between decide and send the message is sent. After one between send and mark it is sent again. A message
arrives twice only in that case, or if the receiver's answer is lost on the way.

A receiver is known here by a fingerprint of its URL, because the URL contains its password.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from alerts.moment import Moment
from alerts.watches import Notice, State
from journal import side_file
from journal.errors import JournalMissing, our_errors

KEPT = 200
"""How many messages are kept for `solar alert list`; those that are not sent yet are always kept."""

SCHEMA = (
    """
    CREATE TABLE state (
        id          INTEGER PRIMARY KEY CHECK (id = 1),
        journal     TEXT,
        reading_id  INTEGER NOT NULL DEFAULT 0,
        rules_text  TEXT,
        watches     TEXT    NOT NULL DEFAULT '{}'
    ) STRICT;
    INSERT INTO state (id) VALUES (1);

    CREATE TABLE messages (
        number     INTEGER PRIMARY KEY AUTOINCREMENT,
        rule       TEXT    NOT NULL,
        is_over    INTEGER NOT NULL,
        site       TEXT    NOT NULL,
        words      TEXT    NOT NULL,
        time_ms    INTEGER NOT NULL,
        boot       INTEGER NOT NULL,
        uptime_ms  INTEGER NOT NULL,
        is_sure    INTEGER NOT NULL
    ) STRICT;

    -- What is still to be sent: a row is deleted when its message was sent to that receiver.
    CREATE TABLE untold (
        number    INTEGER NOT NULL,
        receiver  TEXT    NOT NULL,
        PRIMARY KEY (number, receiver)
    ) STRICT, WITHOUT ROWID;
    """,
)


@dataclass(frozen=True, slots=True)
class Message:
    """A notice of a site in the outbox. `number`: its name for people; `receivers`: to whom it is still to be sent."""

    number: int
    site: str
    notice: Notice
    receivers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """How far a journal was looked at: its identity, and the id of the last reading."""

    journal: str | None
    reading_id: int


class Outbox:
    """An open alerts.db. If a damaged one was moved away, no rule counts as raised."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open for writing; create it if needed. Raises JournalUnusable, JournalTooNew, JournalFull."""
        with our_errors("open", path):
            return cls(side_file.open_file(path, SCHEMA), path)

    @classmethod
    def read_only(cls, path: Path) -> Self:
        """Open for reading. Raises JournalMissing if alerts never ran here."""
        if not side_file.is_begun(path):
            raise JournalMissing(f"cannot open {path}: there is no such file; `solar alert run` creates it")
        with our_errors("open", path):
            return cls(side_file.open_read_only(path, SCHEMA), path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def place(self) -> Place:
        return Place(*self._state("journal, reading_id"))

    def states(self) -> dict[str, State]:
        """The states of the watches, by rule."""
        states: dict[str, State] = json.loads(self._state("watches")[0])
        return states

    def rules_text(self) -> str | None:
        """The last rules file that had no mistake."""
        text: str | None = self._state("rules_text")[0]
        return text

    def note_rules(self, text: str) -> None:
        with self._writing():
            self._connection.execute("UPDATE state SET rules_text = ?", (text,))

    def decide(
        self,
        place: Place,
        states: Mapping[str, State],
        notices: Iterable[Notice] = (),
        site: str = "",
        receivers: Iterable[str] = (),
    ) -> None:
        """Record in one transaction what was seen, and the messages to send to these receivers. Raises JournalFull."""
        receivers = tuple(receivers)
        with self._writing():
            self._connection.execute(
                "UPDATE state SET journal = ?, reading_id = ?, watches = ?",
                (place.journal, place.reading_id, json.dumps(states)),
            )
            for notice in notices:
                moment = notice.moment
                number = self._connection.execute(
                    """
                    INSERT INTO messages (rule, is_over, site, words, time_ms, boot, uptime_ms, is_sure)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                    (notice.rule, notice.is_over, site, notice.words, moment.time_ms, moment.boot, moment.uptime_ms,
                     moment.is_sure),
                ).lastrowid  # fmt: skip
                self._connection.executemany("INSERT INTO untold VALUES (?, ?)", [(number, each) for each in receivers])
            self._connection.execute(
                """
                DELETE FROM messages
                WHERE number <= (SELECT max(number) FROM messages) - ? AND number NOT IN (SELECT number FROM untold)
                """,
                (KEPT,),
            )

    def told(self, number: int, receiver: str) -> None:
        """Mark a message as sent to a receiver. Raises JournalFull."""
        with self._writing():
            self._connection.execute("DELETE FROM untold WHERE number = ? AND receiver = ?", (number, receiver))

    def forget_others(self, receivers: Iterable[str]) -> None:
        """Drop unsent messages to receivers that are no longer in the settings."""
        receivers = tuple(receivers)
        marks = ", ".join("?" * len(receivers))
        with self._writing():
            self._connection.execute(f"DELETE FROM untold WHERE receiver NOT IN ({marks})", receivers)

    def messages(self, *, untold_only: bool = False) -> list[Message]:
        """The messages, oldest first."""
        where = "WHERE number IN (SELECT number FROM untold)" if untold_only else ""
        with our_errors("read", self.path):
            rows = self._connection.execute(
                f"""
                SELECT number, rule, is_over, site, words, time_ms, boot, uptime_ms, is_sure,
                       (SELECT group_concat(receiver) FROM untold WHERE untold.number = messages.number)
                FROM messages {where}
                ORDER BY number
                """
            ).fetchall()
        return [
            Message(
                number,
                site,
                Notice(rule, bool(is_over), Moment(time_ms, boot, uptime_ms, bool(is_sure)), words),
                tuple(receivers.split(",")) if receivers else (),
            )
            for number, rule, is_over, site, words, time_ms, boot, uptime_ms, is_sure, receivers in rows
        ]

    def _state(self, columns: str) -> tuple[Any, ...]:
        with our_errors("read", self.path):
            return tuple(self._connection.execute(f"SELECT {columns} FROM state").fetchone())

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with our_errors("write to", self.path), side_file.transaction(self._connection):
            yield
