"""Equality: whether the server has the same values as the journal, as exactly as the server stores them. Pure.

Rules:
- Counts, minima, maxima and single values must be equal. A server that is not exact (VictoriaMetrics) rounds numbers,
  and keeps no texts.
- The last digits of a sum depend on the order of adding. Two sums of the same n numbers differ by at most
  2 (n - 1) u S, where u = 2^-53 and S, the sum of their magnitudes, is at most n times the largest. For an hour of 3600
  voltages around 25 V that is less than 0.0000001; the regulator's step is 0.1.
"""

from collections.abc import Mapping

from uploader.audit.query import Summary, Value

UNIT_ROUNDOFF = 2.0**-53
ROUNDING = 1e-9
"""The relative error of a number on a server that is not exact."""
NOTHING = Summary()


def agree(mine: Mapping[str, Summary], theirs: Mapping[str, Summary], *, is_exact: bool) -> bool:
    """Whether both sides have the same in an hour, for each field and text."""
    keys = {*mine, *theirs}
    return all(_are_alike(mine.get(key, NOTHING), theirs.get(key, NOTHING), is_exact=is_exact) for key in keys)


def is_same(mine: Value | None, theirs: Value, *, is_exact: bool) -> bool:
    """Whether a value is the one that was sent (None: none was sent)."""
    if isinstance(mine, str):
        return mine == theirs or not is_exact
    if mine is None or isinstance(theirs, str):
        return False
    return _is_near(mine, theirs, abs(mine), is_exact=is_exact)


def _are_alike(mine: Summary, theirs: Summary, *, is_exact: bool) -> bool:
    if mine.count != theirs.count:
        return False
    largest = max(abs(mine.min), abs(mine.max)) if mine.min <= mine.max else 0.0
    of_adding = 2 * mine.count**2 * UNIT_ROUNDOFF * largest
    return (
        _is_near(mine.sum, theirs.sum, mine.count * largest, of_adding, is_exact=is_exact)
        and _is_near(mine.min, theirs.min, largest, is_exact=is_exact)
        and _is_near(mine.max, theirs.max, largest, is_exact=is_exact)
    )


def _is_near(mine: float, theirs: float, size: float, allowed: float = 0.0, *, is_exact: bool) -> bool:
    return mine == theirs or abs(mine - theirs) <= allowed + (0.0 if is_exact else ROUNDING * size)
