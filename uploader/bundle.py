"""Bundle: pending records as gzipped line protocol, carried to the server by hand; its Manifest stays here.

    pack       pending ids ── lines ──▶ backlog.lp.gz      loaded into the server by hand: `influx write`
                          └─ the ids ─▶ backlog.lp.gz.manifest.json
    receipt    the manifest ── its ids are done, except readings that were recalculated since

Rules:
- Packing marks nothing as done: a record that the uploader sends meanwhile overwrites itself.
- The ids of a manifest belong to one journal only. What another journal has from the same time is sent again, because
  the bundle may have put older values over it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Self

from journal.errors import BadSetting
from journal.id_ranges import IdRanges
from journal.journal import Journal
from journal.reading import STREAMS
from uploader.server.line_protocol import COLUMNS, lines

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Written:
    """What is in the bundle. `sha256`: of the compressed bytes."""

    lines: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`file`: the bundle's name. `revision`: the journal's last one that is in it. `marks`: the last ids, each with its
    Journal.mark. `times`: of the first and the last record of a stream, in milliseconds."""

    file: str
    written: Written
    journal: str
    revision: int
    packed_time: str
    ids: Mapping[str, IdRanges]
    marks: Mapping[str, tuple[int, str]]
    times: Mapping[str, tuple[int, int]]

    def text(self) -> str:
        """As JSON; ids as inclusive ranges."""
        ids = {stream: each.ranges for stream, each in self.ids.items()}
        counts = {stream: each.count for stream, each in self.ids.items()}
        head = {"format": FORMAT, "file": self.file, **asdict(self.written), "precision": "ms"}
        rest = {"journal": self.journal, "revision": self.revision, "packed_time": self.packed_time}
        of_streams = {"counts": counts, "ids": ids, "marks": self.marks, "times": self.times}
        return json.dumps({**head, **rest, **of_streams}, indent=1) + "\n"

    @classmethod
    def parse(cls, text: str, name: str) -> Self:
        """Raises BadSetting if this is not a manifest; `name`: its file, for the message."""
        try:
            read = json.loads(text)
            if read["format"] != FORMAT:
                raise ValueError
            ids = {
                stream: IdRanges.of((int(first), int(last)) for first, last in read["ids"].get(stream, ()))
                for stream in STREAMS
            }
            written = Written(int(read["lines"]), int(read["bytes"]), str(read["sha256"]))
            file, journal, packed_time = (str(read[key]) for key in ("file", "journal", "packed_time"))
            marks = dict.fromkeys(STREAMS, (0, ""))  # an older manifest lacks the marks, the checks or the times
            marks |= {stream: (int(at), str(mark)) for stream, (at, mark) in read.get("marks", {}).items()}
            times = {stream: (int(first), int(last)) for stream, (first, last) in read.get("times", {}).items()}
            return cls(file, written, journal, int(read["revision"]), packed_time, ids, marks, times)
        except (ValueError, LookupError, TypeError, RecursionError):
            raise BadSetting(
                f"cannot use {name}: it is not a manifest written by `solar pack`; "
                "give the file whose name ends in .manifest.json"
            ) from None


def pending_lines(journal: Journal, pending: Mapping[str, IdRanges]) -> Iterator[str]:
    """The lines of the records with these ids. A record with nothing to send has none."""
    for stream, ids in pending.items():
        rows = (row for first, last in ids for row in journal.values(stream, COLUMNS[stream], first, last))
        yield from (text for each in lines(rows, stream, journal.sites(stream)) for text in each.text.split("\n"))


def times(journal: Journal, pending: Mapping[str, IdRanges]) -> dict[str, tuple[int, int]]:
    """When the first and the last of these records were taken, for each stream that has any."""
    found: dict[str, tuple[int, int]] = {}
    for stream, ids in pending.items():
        for (time_ms,) in (row for first, last in ids for row in journal.values(stream, ["time_ms"], first, last)):
            earliest, latest = found.get(stream, (time_ms, time_ms))
            found[stream] = min(earliest, time_ms), max(latest, time_ms)
    return found
