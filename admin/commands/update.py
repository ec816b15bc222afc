"""`solar update`: a newer version, which goes back by itself if it does not get well."""

import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from admin.health.survey import survey
from admin.terminal import options
from admin.terminal.words import count
from admin.upkeep import services
from admin.upkeep.copies import checked_copy
from admin.upkeep.programs import said, trouble
from admin.upkeep.settling import WAIT_SECONDS, settle, side_files
from admin.upkeep.versions import BACKUPS, OPT, Trial, Versions
from journal import copies
from journal.errors import SolarError
from journal.journal import Journal
from journal.writer import JournalWriter

# fmt: off
Source = Annotated[str | None, typer.Option(
    "--from", metavar="SOURCE",
    help="A git address, or a wheelhouse: a .tar.gz with all wheels, for a site without a network. Default: where the "
    "present version came from.")]
Check = Annotated[bool, typer.Option("--check", help="Only say which version there is.")]
Opt = Annotated[Path, typer.Option("--opt", parser=Path, metavar="DIR", hidden=True, help="Where the versions are.")]
Backups = Annotated[Path, typer.Option(
    "--backups", parser=Path, metavar="DIR", hidden=True, help="Where the copy goes.")]
Wait = Annotated[float, typer.Option("--wait-seconds", hidden=True, help="How long it may take to get well.")]
Try = Annotated[Path | None, typer.Option(
    "--try", parser=Path, metavar="DIR", hidden=True, help="Bring the copies of the databases there up to date.")]
Settle = Annotated[bool, typer.Option("--settle", hidden=True, help="Finish an update that was begun.")]
# fmt: on


def update(
    *,
    source: Source = None,
    check: Check = False,
    directory_to_try: Try = None,
    is_settling: Settle = False,
    opt: Opt = OPT,
    backups: Backups = BACKUPS,
    wait_seconds: Wait = WAIT_SECONDS,
    data: options.Data = options.DATA,
) -> int | None:
    """Update the program; the old version comes back by itself if the new one does not get well."""
    versions = Versions(opt)
    if directory_to_try is not None:
        return _migrate(directory_to_try)
    if is_settling:
        print(settle(versions, data, wait_seconds))
        return 0 if versions.trial() is None else 1
    old = versions.current()
    if check:
        new = available(versions, source)
        print(f"solar {old} runs, {'and there is none newer' if new == old else f'{new} is there: sudo solar update'}")
        return None
    if versions.trial() is not None:
        raise SolarError("cannot update: another update is not finished; sudo systemctl start solar-update finishes it")
    backup = _copied(old, data, backups)
    print(f"1/4 copy of the journal: {backup}", flush=True)
    new = versions.build(source)
    if new == old:
        print(f"solar {old} runs, and there is none newer.")
        return None
    print(f"2/4 solar {new} stands beside {old}", flush=True)
    _tried(versions, new, backup, data, backups)
    print("3/4 it brings a copy of the journal up to date without a loss", flush=True)
    health = survey(data, is_upload_wanted=False)
    last_id = (health.reading.id or 0) if health.reading else 0
    ill = [service for service in services.enabled() if not services.has_started(service)]
    versions.begin(Trial(old=old, new=new, backup=str(backup), last_id=last_id, was_reading=health.is_fresh, ill=ill))
    print(f"4/4 switched; it has {wait_seconds:.0f} s to get well", flush=True)
    # As a service of its own: a lost connection or a kill does not leave it halfway.
    arguments = ["update", "--settle", "--opt", str(opt), "--wait-seconds", str(wait_seconds), "--data", str(data)]
    services.guarded(arguments, afterwards="systemctl --no-block start solar-update.service")
    return 0 if versions.current() == new and versions.trial() is None else 1


def available(versions: Versions, source: str | None) -> str:
    """The version that an update would bring."""
    if source and Path(source).is_file():
        with tarfile.open(source) as wheels:
            names = [Path(name).name for name in wheels.getnames()]
        return next(name.split("-")[1] for name in names if name.startswith("solar_battery_monitoring-"))
    git = ["git", "-C", str(versions.opt / "source")]
    failure, remedy = "cannot look for a newer version", "is there a network? (sudo is needed)"
    said(failure, remedy, *git, "fetch", "--quiet", "--tags", source or "origin", "HEAD", line=-1)
    return said(failure, remedy, *git, "describe", "--tags", "--always", "FETCH_HEAD", line=-1)


def _copied(old: str, data: Path, backups: Path) -> Path:
    """The journal as it is now, checked."""
    try:
        backups.mkdir(parents=True, exist_ok=True, mode=0o750)
    except OSError as error:
        raise SolarError(f"cannot write to {backups}: {(error.strerror or '').lower()}; run it with sudo") from error
    backup = backups / f"journal-before-leaving-{old}.db"
    with Journal.open(data / "journal.db") as journal:
        journal.backup(backup)
    checked_copy(backup)
    return backup


def _tried(versions: Versions, new: str, backup: Path, data: Path, backups: Path) -> None:
    """The new version's migrations, on copies. Raises SolarError if they fail or lose something."""
    before = checked_copy(backup).counts
    with tempfile.TemporaryDirectory(dir=backups, prefix="trial-") as directory:
        shutil.copy(backup, Path(directory, "journal.db"))
        for path, _ in side_files(data):
            with closing(sqlite3.connect(path)) as side_file:
                copies.write(side_file, Path(directory, path.name))
        ran = versions.solar(new, "update", "--try", directory)
        words = trouble(ran, -1)
        if ran.returncode == 0 and (after := ran.stdout.strip()) != _counted(before):
            words = f"of {_counted(before)} it left {after}"
        elif ran.returncode == 0:
            return
    raise SolarError(
        f"cannot update to {new}: it failed on a copy of the journal: {words}; the present version goes on"
    )


def _migrate(directory: Path) -> int:
    JournalWriter.create(directory / "journal.db").close()
    for path, kind in side_files(directory):
        with kind.open(path):
            pass
    print(_counted(checked_copy(directory / "journal.db").counts))
    return 0


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(count(number, stream[:-1]) for stream, number in counts.items())
