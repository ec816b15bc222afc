"""The outcome of one write: sent, unreachable, misconfigured, rejected or expired; and its Writer.

`status` is the HTTP answer's, 0 without one. `dropped`: how many points were not stored, if the server says so.
`may_be_content`: a reading in the request may be the cause.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sent:
    """204: all stored (InfluxDB Cloud: accepted)."""

    status: int = 204


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Offline, busy or broken: send the same readings again later.

    `is_strained`: the link or a gateway failed; a smaller request may get through, or one without a certain reading.
    `retry_after_seconds`: what the server asked for.
    """

    reason: str
    is_strained: bool = False
    retry_after_seconds: float | None = None
    may_be_content: bool = False
    status: int = 0
    dropped: int | None = None

    @property
    def advice(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """A person has to change a setting: most likely nothing is wrong with the readings. 413: there are too many."""

    reason: str
    remedy: str
    status: int
    may_be_content: bool = False

    @property
    def advice(self) -> str:
        return f"{self.reason}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Rejected:
    """InfluxDB refuses some or all of the readings because of what is in them. 413: they are too long."""

    words: str
    status: int
    dropped: int | None = None


@dataclass(frozen=True, slots=True)
class Expired(Rejected):
    """Some or all of the readings, the oldest, are too old for the bucket; the others are stored.

    `keeps`: how long it keeps readings, like "1h0m0s"; `keeps_from_ms`: from what time on, by the server's clock.
    """

    keeps: str | None = None
    keeps_from_ms: int | None = None


Outcome = Sent | Unreachable | Misconfigured | Rejected


class Writer(Protocol):
    """Influx, or its stand-in in a simulation."""

    bytes_on_wire: int

    def write(self, lines: Sequence[str]) -> Outcome: ...
