"""Aside: readings that the server stumbles over (500), kept back for a while so that they do not stop the others.

They stay pending and are tried again after an hour, or when the uploader starts anew: never dropped.
"""

from uploader.progress.id_ranges import IdRanges

ASIDE_SECONDS = 3600.0


class Aside:
    """Ids by stream, each until its time; `now` is in monotonic seconds."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, str, IdRanges]] = []

    def add(self, stream: str, ids: IdRanges, now: float) -> None:
        self._entries.append((now + ASIDE_SECONDS, stream, ids))

    def ids(self, stream: str, now: float) -> IdRanges:
        self._entries = [entry for entry in self._entries if entry[0] > now]
        return IdRanges.of(each for _, of_stream, ids in self._entries if of_stream == stream for each in ids)

    def count(self) -> int:
        return sum(ids.count for _, _, ids in self._entries)
