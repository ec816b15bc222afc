"""Bundle: what is pending as gzipped line protocol, carried to the server by hand; its Manifest stays here.

    pack       pending ids ── lines ──▶ backlog.lp.gz      who carries it feeds it to the server: `influx write`
                          └─ the ids ─▶ backlog.lp.gz.manifest.json
    receipt    the manifest ── its ids are done; but not those whose readings were decoded anew since

Rules:
- Packing settles nothing: what the uploader sends meanwhile is stored twice over itself, which does no harm.
- The ids of a manifest are those of one journal and of no other.
"""

import gzip
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import BinaryIO, Self

from journal.errors import BadSetting
from journal.journal import Journal
from journal.reading import STREAMS
from uploader.id_ranges import IdRanges
from uploader.line_protocol import lines

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Written:
    """A file of lines as it was written. `sha256` is of the compressed bytes."""

    lines: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`file`: the bundle's name. `revision`: the last one that is in it."""

    file: str
    written: Written
    journal: str
    revision: int
    packed_time: str
    ids: Mapping[str, IdRanges]

    def text(self) -> str:
        """As JSON; ids as inclusive ranges."""
        ids = {stream: each.ranges for stream, each in self.ids.items()}
        counts = {stream: each.count for stream, each in self.ids.items()}
        head = {"format": FORMAT, "file": self.file, **asdict(self.written), "precision": "ms"}
        rest = {"journal": self.journal, "revision": self.revision, "packed_time": self.packed_time}
        return json.dumps({**head, **rest, "counts": counts, "ids": ids}, indent=1) + "\n"

    @classmethod
    def parse(cls, text: str, name: str) -> Self:
        """Raises BadSetting when the file with this name is no manifest."""
        try:
            read = json.loads(text)
            if read["format"] != FORMAT:
                raise ValueError
            ids = {
                stream: IdRanges.of((int(first), int(last)) for first, last in read["ids"][stream])
                for stream in STREAMS
            }
            written = Written(int(read["lines"]), int(read["bytes"]), str(read["sha256"]))
            file, journal, packed_time = (str(read[key]) for key in ("file", "journal", "packed_time"))
            return cls(file, written, journal, int(read["revision"]), packed_time, ids)
        except (ValueError, LookupError, TypeError, RecursionError):
            raise BadSetting(
                f"cannot use {name}: it is not a manifest that `solar pack` has written; "
                "give the file whose name ends in .manifest.json"
            ) from None


def pending_lines(journal: Journal, pending: Mapping[str, IdRanges]) -> Iterator[str]:
    """A line for each record with these ids that has something to send."""
    for stream, ids in pending.items():
        records = (record for first, last in ids for record in journal.records(stream, first, last))
        yield from (each.text for each in lines(records, journal.sites(stream)))


def write(texts: Iterable[str], output: BinaryIO) -> Written:
    """Write them gzipped, one after the other."""
    digesting = _Digesting(output)
    count = 0
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=digesting, mtime=0) as packed,
        io.BufferedWriter(packed, 1 << 16) as buffered,
    ):
        for text in texts:
            buffered.write(text.encode() + b"\n")
            count += 1
    return Written(count, digesting.size, digesting.digest.hexdigest())


class _Digesting(io.RawIOBase):
    """Passes on what is written to it."""

    def __init__(self, output: BinaryIO) -> None:
        self.digest = hashlib.sha256()
        self.size = 0
        self._output = output

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        data = bytes(memoryview(content))  # type: ignore[arg-type]
        self._output.write(data)
        self.digest.update(data)
        self.size += len(data)
        return len(data)
