"""`solar restore`: puts a backup in the journal's place, with the services stopped and started."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from admin.terminal import options
from admin.terminal.moments import iso
from admin.terminal.words import count, size
from admin.upkeep import services
from admin.upkeep.copies import Copy, checked_copy
from admin.upkeep.restoring import draft_beside, put_in_place
from journal import files
from journal.access import obstacle
from journal.errors import JournalError, JournalMissing, SolarError
from journal.files import is_there
from journal.journal import Journal

# fmt: off
Backup = Annotated[Path, typer.Argument(
    parser=Path, metavar="FILE", help="A backup; it is not changed.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Now = Annotated[bool, typer.Option("--now", hidden=True, help="Do it, as a service of its own.")]
# fmt: on


def restore(backup: Backup, yes: Yes = False, now: Now = False, data: options.Data = options.DATA) -> int:
    """Put a backup in the journal's place; the old journal is kept under another name."""
    if now:
        return _replace(backup, data / "journal.db")
    journal = data / "journal.db"
    is_there(journal)  # else one who may not look is asked in vain
    if words := obstacle(journal, write=True):
        raise SolarError(f"cannot write to {journal}: {words}")
    if not is_there(backup):
        raise JournalMissing(f"cannot open {backup}: there is no such file; name a backup, such as solar-2026-01-05.db")
    copy = checked_copy(backup)
    print("\n".join(consequences(copy, data)))
    if not yes and not (sys.stdin.isatty() and typer.confirm("Restore it?")):
        print("Nothing was changed. To restore it without being asked, add --yes.")
        return 1
    running = services.active()
    if not running:
        return _replace(backup, journal)
    # systemd starts them again even if this ends halfway.
    again = f"systemctl --no-block start {' '.join(running)}"
    arguments = ["restore", "--now", str(backup.resolve()), "--data", str(data.resolve())]
    return services.guarded(arguments, afterwards=again)


def consequences(copy: Copy, data: Path) -> list[str]:
    """What follows from restoring it, before it is done."""
    newest = "no trusted reading" if copy.newest_ms is None else f"the newest from {iso(copy.newest_ms)}"
    told = [f"{copy.path}: {count(copy.readings, 'reading')}, {newest}, {size(copy.path.stat().st_size)}, checked."]
    try:
        with Journal.open(data / "journal.db") as journal:
            told.append(
                f"The journal has {count(journal.count('readings'), 'reading')}. It is kept under another name; "
                "what is newer than the backup can be brought back from there with `solar recover`."
            )
    except JournalMissing:
        pass
    except JournalError as error:
        told.append(f"The journal itself: {error}. It is kept under another name.")
    told.append(
        "A backup is another journal to the uploader: all its readings are sent again (overwrites, no duplicates)."
    )
    return told


def _replace(backup: Path, journal: Path) -> int:
    began = time.monotonic()
    draft = draft_beside(backup, journal)
    stopped = services.active()
    if stopped:
        services.systemctl("stop", *stopped)
    try:
        with files.lock(journal):
            aside = put_in_place(draft, journal)
    finally:
        draft.unlink(missing_ok=True)
        if stopped:
            services.systemctl("--no-block", "start", *stopped)
    kept = f"; the old journal is {aside}" if aside else ""
    print(f"Restored in {time.monotonic() - began:.0f} s{kept}.")
    if aside:
        print(f"To bring back what is newer: stop the logger, `solar recover {aside}`, start the logger.")
    if os.geteuid() == 0 and not stopped:
        print("No service was running, so none was started.", file=sys.stderr)
    return 0
