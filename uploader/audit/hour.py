"""Hour: what an hour of one site comes to, in the journal and at the server. Reason: why the two differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from uploader.progress.id_ranges import NONE, IdRanges

Reason = Literal["pending", "held", "refused", "expired", "lost", "changed", "stuck"]


@dataclass(frozen=True, slots=True)
class Hour:
    """What one hour of one site has. `missing`: records that the server has not, by reason.

    pending  wait to be sent                                held     wait for a trusted clock
    refused  dead letters                                   expired  older than the server keeps points
    lost     sent, and not there; `lost_ids` are theirs

    `different`: records that the server has with other values, by reason, of which there are two more:

    changed  sent, and would be right when sent again       stuck    sent again, the old value would stay all the same
             `changed_ids` are theirs

    `fields`: those that differ. `surplus`: points that the server has and the journal has not: pruned here, or of
    another source.
    """

    stream: str
    site: str
    begin_ms: int
    in_journal: int
    at_server: int
    missing: Mapping[Reason, int] = field(default_factory=dict)
    lost_ids: IdRanges = NONE
    surplus: int = 0
    different: Mapping[Reason, int] = field(default_factory=dict)
    changed_ids: IdRanges = NONE
    fields: tuple[str, ...] = ()
