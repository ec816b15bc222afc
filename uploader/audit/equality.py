"""Equality: whether the server has the same values as the journal, as exactly as the server stores them. Pure.

Rules:
- Counts, minima, maxima and single values must be equal, except for the server's rounding (Storage).
- The last digits of a sum depend on the order of adding. Two sums of the same n numbers differ by at most
  2 (n - 1) u S, where u = 2^-53 and S, the sum of their magnitudes, is at most n times the largest. For an hour of 3600
  voltages around 25 V that is less than 0.0000001; the regulator's step is 0.1.
"""

from collections.abc import Mapping

from uploader.audit.query import Storage, Summary, Value

UNIT_ROUNDOFF = 2.0**-53
NOTHING = Summary()


class Equality:
    """Equality on a server that stores values in this way."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def agree(self, mine: Mapping[str, Summary], theirs: Mapping[str, Summary]) -> bool:
        """Whether both sides have the same in an hour, for each field and text."""
        keys = {key for key in (*mine, *theirs) if self._storage.keeps_text or "=" not in key}
        return all(self._are_alike(mine.get(key, NOTHING), theirs.get(key, NOTHING)) for key in keys)

    def is_same(self, mine: Value | None, theirs: Value) -> bool:
        """Whether a value is the one that was sent (None: none was sent)."""
        if isinstance(mine, str):
            return mine == theirs or not self._storage.keeps_text
        try:
            return mine is not None and self._is_near(mine, float(theirs), abs(mine))
        except ValueError:
            return False  # a text where a number should be

    def _are_alike(self, mine: Summary, theirs: Summary) -> bool:
        if mine.count != theirs.count:
            return False
        largest = max(abs(mine.min), abs(mine.max)) if mine.min <= mine.max else 0.0
        of_adding = 2 * mine.count**2 * UNIT_ROUNDOFF * largest
        of_rounding = mine.count * self._storage.rounding * largest
        return (
            abs(mine.sum - theirs.sum) <= of_adding + of_rounding
            and self._is_near(mine.min, theirs.min, largest)
            and self._is_near(mine.max, theirs.max, largest)
        )

    def _is_near(self, mine: float, theirs: float, size: float) -> bool:
        return mine == theirs or abs(mine - theirs) <= self._storage.rounding * size
