"""What the uploader writes down: State, how the upload fares; Settled, what one answer settled."""

from dataclasses import dataclass
from typing import Literal

from uploader.progress.dead_letters import Refusal
from uploader.progress.id_ranges import IdRanges

Trouble = Literal["unreachable", "misconfigured"]


@dataclass(frozen=True, slots=True)
class State:
    """`trouble` and `reason`: why nothing goes out, since `failing_since_ms`; None when it does.

    `note`: what a person should know although readings go out: that the month's allowance slows the backlog, say.
    """

    last_upload_ms: int | None = None
    failing_since_ms: int | None = None
    trouble: Trouble | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """`sent`: ids that are stored. `done`: ids that need not be sent for another reason: refused, or nothing to send.

    `letters`: numbers of dead letters that were sent after all.
    """

    stream: str
    sent: IdRanges
    done: IdRanges
    refusal: Refusal | None = None
    letters: tuple[int, ...] = ()
