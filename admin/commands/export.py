"""`solar export`: the journal's records in a format that other programs read."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, TextIO

import typer

from admin.files import formats
from admin.files.output_file import checked, database_name, is_gzip, whole_file, whole_text
from admin.files.shape import Shape, period_seconds, shape_for
from admin.files.thinning import STATISTICS
from admin.terminal import options
from admin.terminal.console import counting, progress
from admin.terminal.period import Ranges, Since, Until, check_period, how_many, ids_in_period
from admin.terminal.words import count, size
from journal.errors import BadSetting
from journal.journal import Journal
from journal.reading import STREAMS

SUFFIXES = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".db": "sqlite",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".lp": "line-protocol",
}
FORMATS = tuple(dict.fromkeys(SUFFIXES.values()))
SAMPLES = 8
SAMPLE_IDS = 10_000
"""A size is estimated from so many stretches of so many ids."""


# fmt: off
Format = Annotated[str | None, typer.Option(
    "--format", envvar="SOLAR_EXPORT_FORMAT", parser=options.one_of(*FORMATS), metavar="FORMAT",
    help="csv, json, jsonl, sqlite or line-protocol (for `influx write --precision ms`). Without it, what the name of "
    "the output file ends in decides; otherwise csv.")]
Table = Annotated[str, typer.Option(
    parser=options.one_of(*STREAMS), metavar="TABLE", help="readings, days, events or checks.")]
Output = Annotated[Path | None, typer.Option(
    parser=Path, metavar="FILE",
    help="File to write, complete or not at all; compressed if its name ends in .gz.")]
Columns = Annotated[str | None, typer.Option(
    metavar="NAMES", help="Only these columns after the time, separated by commas: battery_volts,charge_amps.")]
Every = Annotated[int | None, typer.Option(
    parser=period_seconds, metavar="PERIOD",
    help="One row for each period of this length: 30s, 5m, 1h, 1d. Gaps stay gaps.")]
Statistic = Annotated[str, typer.Option(
    parser=options.one_of(*STATISTICS), metavar="NAME", help="With --every: mean, min, max or last value.")]
LocalTime = Annotated[bool, typer.Option(
    "--local-time", help="A column local_time in place of time: this computer's zone, as spreadsheets read it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only estimate the size; write nothing.")]
# fmt: on


def export(
    *,
    form: Format = None,
    since: Since = None,
    until: Until = None,
    table: Table = "readings",
    columns: Columns = None,
    every: Every = None,
    statistic: Statistic = "mean",
    local_time: LocalTime = False,
    output: Output = None,
    dry_run: DryRun = False,
    data: options.Data = options.DATA,
) -> None:
    """Write readings as CSV, JSON, SQLite or line protocol.

    With --table also days, events or checks. Sorted by id, the order in which they were taken; days by date.
    """
    check_period(since, until)
    form = format_for(output, form)
    shape = shape_for(form, table, columns, every, statistic, local_time=local_time)
    if form == "sqlite" and output is None and not dry_run:
        raise BadSetting("cannot write sqlite to standard output: a database is a file; add --output FILE")
    if output:
        (database_name if form == "sqlite" else checked)(output, data)
    with Journal.open(data / "journal.db") as journal:
        ranges = ids_in_period(journal, table, since, until)
        if form == "line-protocol":
            ranges, left_out = released(journal, table, ranges)
            if left_out:
                print(f"{count(left_out, table[:-1])} left out: held until the time is known", file=sys.stderr)
        total = how_many(ranges)
        if dry_run:
            print(estimate(form, Records(journal, shape, ranges), total, output))
            return
        is_piped = output is not None or not sys.stdout.isatty()
        with progress(f"exporting {table}", table, total, is_wanted=is_piped) as show:
            records = Records(journal, shape, ranges, lambda done: show(done, total))
            if output is None:
                write_text(form, records, sys.stdout)
                if not total:
                    when = "yet" if since is until is None else "from that period"
                    print(f"the journal has no {table} {when}", file=sys.stderr)
                return
            written = write_file(form, records, output, data)
    print(f"{count(written, 'row' if every else table[:-1])} written to {output}", file=sys.stderr)


def format_for(output: Path | None, form: str | None) -> str:
    """The format asked for, otherwise the one in the file's name. Raises BadSetting if the two differ."""
    name = output.with_suffix("") if output and is_gzip(output) else output
    promised = SUFFIXES.get(name.suffix.lower()) if name else None
    if form and promised and form != promised:
        raise BadSetting(
            f"cannot write {form} to {output}: the name says {promised}; leave --format off, or choose another name"
        )
    return form or promised or "csv"


def released(journal: Journal, stream: str, ranges: Ranges) -> tuple[Ranges, int]:
    """The ids in `ranges` whose times are trusted, and how many ids are left out."""
    from journal.id_ranges import IdRanges

    wanted = IdRanges.of(ranges)
    found = wanted & journal.released(stream)
    return list(found), wanted.count - found.count


@dataclass(frozen=True, slots=True)
class Records:
    """What the journal has in these ranges. `show` gets the number read so far from time to time."""

    journal: Journal
    shape: Shape
    ranges: Ranges
    show: Callable[[int], None] = lambda done: None

    def rows(self) -> Iterator[formats.Row]:
        """What is to be written."""
        return self.shape.of(self.values(formats.stored(self.shape.names)))

    def values(self, names: Sequence[str]) -> Iterator[formats.Row]:
        """These columns of each record."""
        parts = (self.journal.values(self.shape.stream, names, first, last) for first, last in self.ranges)
        return counting(chain.from_iterable(parts), self.show)


def write_file(form: str, records: Records, output: Path, data: Path) -> int:
    """Returns how many rows were written."""
    if form == "sqlite":
        with whole_file(output, data) as draft:
            return formats.write_sqlite(records.rows(), records.shape.names, records.shape.stream, draft)
    with whole_text(output, data) as file:
        return write_text(form, records, file)


def write_text(form: str, records: Records, output: TextIO) -> int:
    if form == "line-protocol":
        from uploader.server.line_protocol import COLUMNS, lines

        stream = records.shape.stream
        made = lines(records.values(COLUMNS[stream]), stream, records.journal.sites(stream))
        return formats.write_all((f"{line.text}\n" for line in made), output)
    write = {"csv": formats.write_csv, "json": formats.write_json, "jsonl": formats.write_jsonl}[form]
    return write(records.rows(), records.shape.names, output)


def estimate(form: str, records: Records, total: int, output: Path | None) -> str:
    """How large the export would be, from some stretches of it, written to a file that is deleted at once."""
    ranges = samples(records.ranges, total)
    part = total / how_many(ranges) if ranges else 1
    with TemporaryDirectory() as directory:
        file = Path(directory, output.name if output else "sample")
        written = write_file(form, replace(records, ranges=ranges), file, Path(directory))
        amount = size(file.stat().st_size * part)
    return f"about {count(written * part, 'row')}, {amount}; nothing was written"


def samples(ranges: Ranges, total: int) -> Ranges:
    """Some stretches of the ids, evenly spread; all ids if there are not many."""
    if total <= SAMPLES * SAMPLE_IDS:
        return ranges
    found, before, wanted = [], 0, [total * nth // SAMPLES for nth in range(SAMPLES)]
    for first, last in ranges:
        while wanted and wanted[0] - before <= last - first:
            begin = first + wanted.pop(0) - before
            found.append((begin, min(begin + SAMPLE_IDS - 1, last)))
        before += last - first + 1
    return found
