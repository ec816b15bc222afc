"""State: how the upload is doing, as uploader.db keeps it and `solar status` shows it."""

from dataclasses import dataclass
from typing import Literal

Trouble = Literal["unreachable", "misconfigured"]


@dataclass(frozen=True, slots=True)
class State:
    """`trouble`, `reason`: why nothing has gone out since `failing_since_ms`; None while readings go out.

    `note`: what else a person should know, for example that the monthly limit slows the backlog. `expired`: how many
    records are too old for the bucket; `keeps`: how long it keeps records.
    """

    last_upload_ms: int | None = None
    failing_since_ms: int | None = None
    trouble: Trouble | None = None
    reason: str | None = None
    note: str | None = None
    keeps: str | None = None
    expired: int = 0

    @property
    def notes(self) -> str | None:
        """All that a person should know, in one line."""
        parts = [self.note] if self.note else []
        if self.expired:
            keeps = f"the bucket keeps {self.keeps}" if self.keeps else "the bucket does not keep readings for ever"
            parts.append(f"{keeps}; {self.expired:,} older records stay in the journal only")
        return "; ".join(parts) or None
