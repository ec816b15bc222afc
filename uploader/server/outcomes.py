"""What came of one write: sent, unreachable, misconfigured or rejected; too large is a rejection of the size alone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """204: all stored (InfluxDB Cloud: accepted)."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Offline, busy or broken: the same readings again later.

    `is_strained`: the link gave way while the request was under way; a smaller one may get through.
    `retry_after_seconds`: what the server asked for. `is_server_error`: 500, perhaps one reading's doing.
    `remedy`: what a person can do, where the reason tells.
    """

    reason: str
    is_strained: bool = False
    retry_after_seconds: float | None = None
    is_server_error: bool = False
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """The server wants other settings. Nothing is wrong with the readings; a person has to mend it."""

    reason: str
    remedy: str
    status: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """The server refuses some or all of the readings on their own merits. `dropped`: how many, where it says so."""

    words: str
    status: int
    dropped: int | None = None


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The request is larger than the server or a proxy takes."""

    words: str
    status: int = 413


Outcome = Sent | Unreachable | Misconfigured | Rejected | TooLarge
