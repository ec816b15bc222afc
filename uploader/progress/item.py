"""Item: one record ready to be sent, and Batch: the items of one request, with the ids that it settles."""

from dataclasses import dataclass
from typing import Literal

from uploader.progress.id_ranges import IdRanges

Kind = Literal["newest", "backlog", "retry"]


@dataclass(frozen=True, slots=True)
class Item:
    """A record's line. `letter`: the number of the dead letter that it is, when it is one being tried again."""

    stream: str
    id: int
    time_ms: int
    line: str
    letter: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """`covers`: the ids settled when all items are; more than theirs where ids are missing or have nothing to send."""

    kind: Kind
    stream: str
    items: tuple[Item, ...]
    covers: IdRanges
