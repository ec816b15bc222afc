"""`solar pack` and `solar unpack-receipt`: carry the backlog to the server by hand if the network is too slow."""

import hashlib
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from admin.files.formats import write_all
from admin.files.output_file import checked, gzipped, whole_file
from admin.terminal import options
from admin.terminal.console import counting, progress
from admin.terminal.moments import iso
from admin.terminal.words import count, size
from journal.access import obstacle
from journal.errors import BadSetting, JournalFull, SolarError
from journal.journal import Journal
from journal.reading import STREAMS
from journal.side_file import is_begun

# fmt: off
Output = Annotated[Path | None, typer.Option(
    parser=Path, metavar="FILE", help="File to write, such as backlog.lp.gz; complete or not at all.")]
Yes = Annotated[bool, typer.Option(
    "--yes", help="`influx write` ended without an error, with status 0.")]
ManifestFile = Annotated[Path, typer.Argument(
    parser=Path, metavar="MANIFEST", help="Manifest that `solar pack` wrote, such as backlog.lp.gz.manifest.json.")]
# fmt: on


def pack(*, output: Output = None, data: options.Data = options.DATA) -> None:
    """Write the backlog to a file, to carry it to the server by hand."""
    from uploader import bundle
    from uploader.progress.progress import Progress

    if output is None:
        raise BadSetting("cannot pack without --output: name the file to write, such as backlog.lp.gz")
    checked(output, data)
    beside = output.with_name(output.name + ".manifest.json")
    with Journal.open(data / "journal.db") as journal, Progress.open(data / "uploader.db") as sent:
        sent.see(journal)
        revision = max((each.number for each in journal.revisions()), default=0)
        pending = {stream: sent.pending(journal, stream) for stream in STREAMS}
        marks = {stream: (ids.last, journal.mark(stream, ids.last)) for stream, ids in pending.items()}
        total = sum(ids.count for ids in pending.values())
        with suppress(JournalFull):  # a full disk is no reason not to carry the backlog
            sent.expect_days(journal)
        if not total:
            held = sum(journal.held(stream).count for stream in STREAMS)
            waits = f" yet: {count(held, 'record')} held until the clock is confirmed: see `solar clock`"
            print(f"nothing to pack{waits if held else ': everything has been sent'}")
            return
        with whole_file(beside, data) as manifest_draft, whole_file(output, data) as draft:
            with progress("packing", "records", total) as show, gzipped(draft) as file:
                lines = counting(bundle.pending_lines(journal, pending), lambda done: show(done, total))
                written = write_all((f"{line}\n" for line in lines), file)
            packed = bundle.Written(written, draft.stat().st_size, sha256_of(draft))
            now = iso(time.time_ns() // 1_000_000)
            times = bundle.times(journal, pending)
            manifest = bundle.Manifest(output.name, packed, journal.identity(), revision, now, pending, marks, times)
            manifest_draft.write_text(manifest.text(), encoding="utf-8")
    print(f"{count(packed.lines, 'record')} packed into {output}: {size(packed.bytes)}; keep {beside.name} here")
    print("At the InfluxDB server (1.x: see docs/audit.md):", file=sys.stderr)
    print(f"    influx write --bucket … --precision ms --compression gzip --file {output.name}", file=sys.stderr)
    print(f"If that ended without an error, back here: `solar unpack-receipt {beside}`", file=sys.stderr)


def unpack_receipt(*, manifest_file: ManifestFile, yes: Yes = False, data: options.Data = options.DATA) -> None:
    """Mark what `solar pack` wrote as sent, after the server has received it."""
    from journal.id_ranges import IdRanges
    from uploader import bundle
    from uploader.progress.progress import Progress

    manifest = bundle.Manifest.parse(read(manifest_file), str(manifest_file))
    question = f"{count(manifest.written.lines, 'record')}: did `influx write` end without an error, with status 0?"
    if not yes and not (sys.stdin.isatty() and typer.confirm(question)):
        raise BadSetting(
            "nothing was marked as sent: what the server did not get would be lost; run this again, with --yes, when "
            "`influx write` has ended without an error, with status 0"
        )
    check_bundle(manifest_file.with_name(manifest.file), manifest.written.sha256, manifest_file)
    with Journal.open(data / "journal.db") as journal:
        if journal.identity() != manifest.journal:
            queued = send_again(journal, manifest.times, data / "uploader.db")
            raise SolarError(
                f"cannot mark the records in {manifest_file} as sent: they are from another journal than "
                f"{journal.path}; nothing was marked, run this where they were packed"
                + (
                    f"; {count(queued, 'record')} of this journal from the same time will be sent again"
                    if queued
                    else ""
                )
            )
        marks = manifest.marks
        lost = {stream for stream, (at, mark) in marks.items() if mark and journal.mark(stream, at) != mark}
        known = {stream: max(journal.last_id(stream), marks[stream][0]) for stream in marks}
        if any(ids.last > known[stream] for stream, ids in manifest.ids.items()) or any(
            ids and ids.first < 1 for ids in manifest.ids.values()
        ):
            raise SolarError(
                f"cannot mark the records in {manifest_file} as sent: the journal does not have all of them; "
                "nothing was marked, the manifest was changed"
            )
        revised = IdRanges.of((each.first_id, each.last_id) for each in journal.revisions(manifest.revision))
        marked, kept = 0, 0
        with Progress.open(data / "uploader.db") as sent:
            sent.see(journal)
            for stream, ids in manifest.ids.items():
                waiting = ids & sent.pending(journal, stream)
                # Also what was sent since then: the bundle has put the old values over the new ones.
                again = ids if stream in lost else ids & revised if stream == "readings" else IdRanges()
                if stream == "days":
                    kept_days = IdRanges.of_ids(row[0] for row in journal.values(stream, ("id",), 1, known[stream]))
                    if stream in lost or ids - kept_days:  # another record of the same day is there
                        again = kept_days
                sent.requeue(stream, again)
                sent.mark_done(stream, waiting - again, None if stream in lost else marks[stream])
                marked += (waiting - again).count
                kept += again.count
    print(
        f"{count(marked, 'record')} marked as sent"
        if marked
        else "nothing to mark: all of it is already marked as sent"
    )
    if kept:
        print(f"{count(kept, 'record')} changed since then: to be sent again")


def send_again(journal: Journal, times: Mapping[str, tuple[int, int]], path: Path) -> int:
    """Make the journal's records from these times pending again; how many were done."""
    from journal.id_ranges import IdRanges
    from uploader.progress.progress import Progress

    queued = 0
    if is_begun(path):
        with Progress.open(path) as sent:
            sent.see(journal)
            for stream, (first_ms, last_ms) in times.items():
                ids = IdRanges.of(journal.id_ranges(stream, first_ms, last_ms + 1)) & sent.done.of(stream)
                sent.requeue(stream, ids)
                queued += ids.count
    return queued


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        words = f"{(error.strerror or str(error)).lower()}; name the manifest that `solar pack` wrote"
        raise BadSetting(f"cannot read {path}: {obstacle(path) or words}") from error


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_bundle(path: Path, sha256: str, manifest_file: Path) -> None:
    """Raise SolarError if the bundle is there but is not the one in the manifest."""
    if not path.is_file():
        return
    try:
        digest = sha256_of(path)
    except OSError as error:
        raise SolarError(
            f"cannot read {path}: {(error.strerror or str(error)).lower()}; fix that and try again"
        ) from error
    if digest != sha256:
        raise SolarError(
            f"cannot mark the records in {manifest_file} as sent: {path} is not the file that was packed (its checksum "
            "differs); nothing was marked, pack again"
        )
