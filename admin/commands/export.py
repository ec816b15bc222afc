"""`solar export`: the journal's records in a format that other programs read."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, TextIO

import typer

from admin.files import formats
from admin.files.output_file import checked, database_name, is_gzip, whole_file, whole_text
from admin.terminal import options
from admin.terminal.console import progress
from admin.terminal.period import Ranges, Since, Until, check_period, ids_in_period
from admin.terminal.words import count
from journal.errors import BadSetting
from journal.journal import Journal

FORMATS = ("csv", "json", "jsonl", "sqlite", "line-protocol")
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
TABLES = ("readings", "days", "events", "checks")


# fmt: off
Format = Annotated[str | None, typer.Option(
    "--format", envvar="SOLAR_EXPORT_FORMAT", parser=options.one_of(*FORMATS), metavar="FORMAT",
    help="csv, json, jsonl, sqlite or line-protocol (for `influx write --precision ms`). Without it, what the name of "
    "the output file ends in decides; otherwise csv.")]
Table = Annotated[str, typer.Option(
    parser=options.one_of(*TABLES), metavar="TABLE", help="readings, days, events or checks.")]
Output = Annotated[Path | None, typer.Option(
    parser=Path, metavar="FILE",
    help="File to write, complete or not at all; compressed if its name ends in .gz.")]
# fmt: on


def export(
    *,
    form: Format = None,
    since: Since = None,
    until: Until = None,
    table: Table = "readings",
    output: Output = None,
    data: options.Data = options.DATA,
) -> None:
    """Write readings as CSV, JSON, SQLite or line protocol.

    With --table also days, events or checks. Sorted by id, the order in which they were taken; days by date.
    """
    check_period(since, until)
    form = format_for(output, form)
    if form == "sqlite" and output is None:
        raise BadSetting("cannot write sqlite to standard output: a database is a file; add --output FILE")
    if output:
        (database_name if form == "sqlite" else checked)(output, data)
    with Journal.open(data / "journal.db") as journal:
        ranges = ids_in_period(journal, table, since, until)
        if form == "line-protocol":
            ranges, left_out = released(journal, table, ranges)
            if left_out:
                print(f"{count(left_out, table[:-1])} left out: held until the time is known", file=sys.stderr)
        total = sum(last - first + 1 for first, last in ranges)
        is_piped = output is not None or not sys.stdout.isatty()
        with progress(f"exporting {table}", table, total, is_wanted=is_piped) as show:
            counted = Counted(journal, table, ranges, lambda done: show(done, total))
            if output is None:
                write_text(form, counted, sys.stdout)
                if not total:
                    when = "yet" if since is until is None else "from that period"
                    print(f"the journal has no {table} {when}", file=sys.stderr)
                return
            if form == "sqlite":
                with whole_file(output, data) as draft:
                    formats.write_sqlite(counted.rows(formats.stored(table)), table, draft)
            else:
                with whole_text(output, data) as file:
                    write_text(form, counted, file)
    print(f"{count(total, table[:-1])} written to {output}", file=sys.stderr)


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
    from uploader.progress.id_ranges import IdRanges

    wanted = IdRanges.of(ranges)
    found = wanted & IdRanges.of(journal.released(stream))
    return list(found), wanted.count - found.count


@dataclass(frozen=True, slots=True)
class Counted:
    """The records of these ranges. `show` gets the number so far from time to time."""

    journal: Journal
    stream: str
    ranges: Ranges
    show: Callable[[int], None]

    def rows(self, names: Sequence[str]) -> Iterator[formats.Row]:
        """These columns of each."""
        parts = (self.journal.values(self.stream, names, first, last) for first, last in self.ranges)
        done = 0
        for done, row in enumerate(chain.from_iterable(parts), start=1):
            yield row
            if done % 1000 == 0:
                self.show(done)
        self.show(done)


def write_text(form: str, counted: Counted, output: TextIO) -> None:
    stream = counted.stream
    if form == "line-protocol":
        from uploader.server.line_protocol import COLUMNS, lines

        sent = lines(counted.rows(COLUMNS[stream]), stream, counted.journal.sites(stream))
        output.writelines(line.text + "\n" for line in sent)
        return
    write = {"csv": formats.write_csv, "json": formats.write_json, "jsonl": formats.write_jsonl}[form]
    write(counted.rows(formats.stored(stream)), stream, output)
