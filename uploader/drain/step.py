"""Step: what one `drain_once` did."""

from dataclasses import dataclass

from uploader.progress.item import Kind
from uploader.server.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Step:
    """`outcome` is None when no request was made. `wait_seconds`: how long to wait before the next step.

    `sent`, `refused`, `put_off`: how many records were stored, became dead letters, or were set aside for a while
    because the server stumbles over them. `asked_seconds`: the part of the wait that the server asked for.
    """

    wait_seconds: float
    outcome: Outcome | None = None
    kind: Kind | None = None
    stream: str | None = None
    count: int = 0
    sent: int = 0
    refused: int = 0
    put_off: int = 0
    asked_seconds: float = 0.0
    is_idle: bool = False
