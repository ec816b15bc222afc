"""What the journal knows of this boot when the logger starts: the stretch that goes on, and the anchor in force.

A new stretch begins if that anchor no longer counts:

    the boot clock has started again     its uptime is below that of the last record, though the boot id is the same
                                         (a virtual machine that was put back)
    SOLAR_CLOCK=trust is not set now     the anchor came from that setting, and nothing confirms it any more
"""

from dataclasses import dataclass

from journal.boots import Anchor, Boot, stretch_name
from journal.writer import JournalWriter
from logger.clock.trust import KERNEL, TRUST_SETTING
from logger.clock.undated_boots import UndatedBoots


@dataclass(frozen=True, slots=True)
class Resumed:
    """Which of the boot's stretches it is, from 1; its row in `boots`; the anchor, maybe an earlier stretch's."""

    nth: int
    boot: Boot
    anchor: Anchor | None
    last_trusted_ms: int | None
    """The end of the records of earlier boots whose times are trusted."""
    last_certain_ms: int | None
    """When the kernel was last synchronised in an earlier boot: it sets a hardware clock then."""


def resume(journal: JournalWriter, boot_id: str, *, uptime_ms: int, is_trusting: bool) -> Resumed:
    """Find the boot's last stretch, or begin one."""
    known = UndatedBoots(journal)
    boots = [entry.boot for entry in known.boots.values()]
    stretches = [boot for boot in boots if boot.boot_id == boot_id]
    anchor: Anchor | None = None
    last_ms = 0
    for boot in stretches:
        first_ms, end_ms = known.uptimes_ms(boot.number) or (last_ms, last_ms)
        anchor, last_ms = boot.anchor or (anchor if first_ms >= last_ms else None), end_ms
    has_started_again = last_ms > uptime_ms
    if has_started_again or (anchor and anchor.source == TRUST_SETTING and not is_trusting):
        anchor = None
    if not stretches or has_started_again or (stretches[-1].anchor and not anchor):
        name = stretch_name(boot_id, len(stretches) + 1)
        stretches.append(Boot(journal.boot_number(name), name, None))
    certain = [boot.anchor for boot in boots if boot.anchor and boot.boot_id != boot_id]
    return Resumed(
        len(stretches),
        stretches[-1],
        anchor,
        known.last_trusted_ms(stretches[0].number),
        max((each.time_ms for each in certain if each.source == KERNEL), default=None),
    )
