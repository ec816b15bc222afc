"""Decides when a byte is believed. No checksum covers address or data, so one well-formed reply proves little. Pure.

Two reads in a row must agree; three on a value that is far from the last one. One is enough if the value has long been
the same and the line is flawless. On a damaged line it may have changed, and damage may have made the old byte of it.

A garbled data byte can be any byte, and a garbled address brings another register's byte: the same wrong one hardly
ever comes twice in a row. Answers to other requests may well agree; a loopback finds them (verified_reads.py).

Registers that change all the time may never agree exactly. Then the median of three reads is taken, if all of them are
within the register's tolerance. For flags the newest read is taken, if three agree in the bits that have a meaning.
"""

from collections.abc import Sequence
from statistics import median_low

MOST_READS = 5


def believed(
    reads: Sequence[int], last: int | None = None, *, is_steady: bool = False, tolerance: int = 0, meaning: int = 0xFF
) -> int | None:
    """The value that these reads of one byte prove, the newest last. None: read again, up to MOST_READS times.

    `last` is the value believed last time, `is_steady`: it is believed at one read. `tolerance`: how far reads that
    follow each other may differ. `meaning`: the bits that matter.
    """
    newest = reads[-1]
    if is_steady and newest == last:
        return newest
    is_near = last is None or abs(newest - last) <= tolerance or not (newest ^ last) & meaning
    needed = 2 if is_near else 3
    if [*reads[-needed:]] == [newest] * needed:
        return newest
    recent = reads[-3:]
    if len(recent) == 3 and max(recent) - min(recent) <= tolerance:
        return median_low(recent)
    if len(reads) == MOST_READS and not any((read ^ newest) & meaning for read in recent):
        return newest
    return None
