"""The publisher: the newest reading and the last days of the journal, as retained messages. One step at a time."""

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from journal.errors import JournalMissing
from journal.journal import Journal
from journal.reading import Day, Reading
from mqtt.discovery import Topics, configs
from mqtt.energy import COLUMNS, Energies

DAYS = 30
TODAY_MS = 25 * 3_600_000
"""How far back the energy of today may begin: a day, and one hour for the change to daylight saving time."""
OF_THIS_COMPUTER = {"id", "time_ms", "boot", "uptime_ms", "wall_ms", "raw"}
READING_NAMES = tuple(field.name for field in fields(Reading) if field.name not in OF_THIS_COMPUTER)
DAY_NAMES = tuple(field.name for field in fields(Day) if field.name not in {*OF_THIS_COMPUTER, "began_ms", "ended_ms"})


class Broker(Protocol):
    """Sends a retained message; returns whether there was a connection."""

    def publish(self, topic: str, payload: str) -> bool: ...


class Publisher:
    """Publishes one journal under one site's topics."""

    def __init__(self, path: Path, broker: Broker, topics: Topics, version: str) -> None:
        self._path = path
        self._broker = broker
        self._topics = topics
        self._version = version
        self._journal: str | None = None
        self._last = {"readings": 0, "days": 0}
        self._seen = 0
        self._energies = Energies()
        self._model: str | None = None
        self._is_announced = False

    def forget(self) -> None:
        """Send everything again at the next step: the broker may have lost it."""
        self._last = {"readings": 0, "days": 0}
        self._is_announced = False

    def step(self) -> int:
        """Send what is new; returns how many messages."""
        try:
            with Journal.open(self._path) as journal:
                return self._send(journal)
        except JournalMissing:
            return 0

    def _send(self, journal: Journal) -> int:
        identity = journal.identity()
        if identity != self._journal:
            self._journal, self._seen, self._energies = identity, 0, Energies()
            self.forget()
        sent = 0
        reading = journal.newest_reading()
        if reading and (newest := reading.id or 0) != self._last["readings"]:
            self._count(journal, reading)
            if not self._is_announced or reading.model != self._model:
                self._model = reading.model
                sent += self._announce()
            values = reading_values(reading, is_held=newest in journal.held("readings"))
            payload = json.dumps(values | self._energies.values())
            if self._broker.publish(self._topics.reading, payload):
                self._last["readings"], sent = newest, sent + 1
        if (newest := journal.last_id("days")) != self._last["days"]:
            days = [each for each in journal.records("days", 1, newest, newest_first=True) if isinstance(each, Day)]
            if self._broker.publish(self._topics.days, json.dumps(last_days(days))):
                self._last["days"], sent = newest, sent + 1
        return sent

    def _announce(self) -> int:
        messages = configs(self._topics, self._model, self._version)
        sent = sum(self._broker.publish(topic, json.dumps(config)) for topic, config in messages.items())
        self._is_announced = sent == len(messages)
        return sent

    def _count(self, journal: Journal, newest: Reading) -> None:
        """Add the energy of the readings since the last step; at the first step, of all since the regulator's
        midnight."""
        last_id = newest.id or 0
        first_id = self._seen + 1
        if not self._seen:
            ranges = journal.id_ranges("readings", newest.time_ms - TODAY_MS, newest.time_ms)
            first_id = min((first for first, _ in ranges), default=last_id)
        self._energies.add(journal.values("readings", COLUMNS, first_id, last_id))
        self._seen = last_id


def reading_values(reading: Reading, *, is_held: bool) -> dict[str, object]:
    """The reading's values that are known, by name; its time only if it is confirmed."""
    time = None if is_held else datetime.fromtimestamp(reading.time_ms / 1000, UTC).isoformat(timespec="milliseconds")
    values = {"time": time} | {name: getattr(reading, name) for name in READING_NAMES}
    return {name: value for name, value in values.items() if value is not None}


def last_days(days: Sequence[Day]) -> list[dict[str, object]]:
    """The regulator's last daily records, the newest first."""
    newest = sorted(days, key=lambda day: day.date, reverse=True)[:DAYS]
    shown = ({name: getattr(day, name) for name in DAY_NAMES} for day in newest)
    return [{name: value for name, value in day.items() if value is not None} for day in shown]
