"""Step: what one step of the drain did."""

from dataclasses import dataclass

from uploader.server.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Step:
    """What one `drain_once` did. `outcome`: of its request, if it made one. `sent`, `refused`: how many records were
    stored, or became dead letters. `wait_seconds`: until the next step; the server asked for `asked_seconds` of them.
    """

    wait_seconds: float = 0.0
    outcome: Outcome | None = None
    sent: int = 0
    refused: int = 0
    asked_seconds: float = 0.0
    is_idle: bool = False
