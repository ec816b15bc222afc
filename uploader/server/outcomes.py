"""The outcome of one write: sent, unreachable, misconfigured, rejected, expired or too large; and its Writer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sent:
    """204: all stored (InfluxDB Cloud: accepted)."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Offline, busy or broken: send the same readings again later.

    `is_strained`: the link or a gateway failed; a smaller request may get through. `retry_after_seconds`: what the
    server asked for. `may_be_content`: a reading in the request may be the cause; the same is true if it is strained.
    `remedy`: what a person can do, if the reason shows it. `dropped`: how many points a full database did not take, if
    it says so.
    """

    reason: str
    is_strained: bool = False
    retry_after_seconds: float | None = None
    may_be_content: bool = False
    status: int = 0
    remedy: str = ""
    dropped: int | None = None

    @property
    def advice(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """A person has to change a setting: most likely nothing is wrong with the readings.

    `may_be_content`: a reading in the request may be the cause.
    """

    reason: str
    remedy: str
    status: int
    may_be_content: bool = False

    @property
    def advice(self) -> str:
        return f"{self.reason}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Rejected:
    """InfluxDB refuses some or all of the readings because of what is in them. `dropped`: how many, if it says so."""

    words: str
    status: int
    dropped: int | None = None


@dataclass(frozen=True, slots=True)
class Expired:
    """Some or all of the readings are too old for the bucket; the others are stored.

    `dropped`: how many (the oldest), if it says so. `keeps`: how long it keeps readings, like "1h0m0s";
    `keeps_from_ms`: from what time on, by the server's clock.
    """

    words: str
    status: int
    dropped: int | None = None
    keeps: str | None = None
    keeps_from_ms: int | None = None


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The request is larger than the server or a proxy takes. `is_influx`: InfluxDB itself says so."""

    words: str
    status: int = 413
    is_influx: bool = False


Outcome = Sent | Unreachable | Misconfigured | Rejected | Expired | TooLarge


class Writer(Protocol):
    """Influx, or its stand-in in a simulation."""

    @property
    def bytes_on_wire(self) -> int: ...

    def write(self, lines: Sequence[str]) -> Outcome: ...
