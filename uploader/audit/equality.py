"""Equality: whether the server has the same values as the journal, as exactly as the server stores them. Pure.

Rules:
- Counts, minima, maxima and single values must be equal. A server that is not exact (VictoriaMetrics) rounds numbers,
  and keeps no texts.
- The last digits of a sum depend on the order of adding. Two sums of the same n numbers differ by at most
  2 (n - 1) u S, where u = 2^-53 and S is the sum of their magnitudes. For an hour of 3600 voltages around 25 V that is
  less than 0.0000001; the regulator's step is 0.1. If some are negative, S is more than the sum: the sums may then
  differ by more than is allowed here, and the values are compared one by one.
"""

import math

from uploader.audit.query import Value

UNIT_ROUNDOFF = 2.0**-53
ROUNDING = 1e-9
"""The relative error of a number on a server that is not exact."""


def is_same(mine: Value | None, theirs: Value, *, is_exact: bool, added: int = 0) -> bool:
    """Whether a value is the one that was sent (None: none was sent), or the same sum of `added` numbers."""
    if mine is None or isinstance(mine, str) or isinstance(theirs, str):
        return mine == theirs or (isinstance(mine, str) and not is_exact)
    return math.isclose(mine, theirs, rel_tol=2 * added * UNIT_ROUNDOFF if is_exact else ROUNDING)
