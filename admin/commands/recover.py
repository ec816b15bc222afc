"""`solar recover`: brings back what can be read from a damaged journal."""

from pathlib import Path
from typing import Annotated

import typer

from admin.terminal import options
from admin.terminal.words import count
from journal.errors import JournalMissing
from journal.files import is_there
from journal.reading import STREAMS
from journal.recovery import recover as recover_journal
from journal.writer import JournalWriter

# fmt: off
Damaged = Annotated[Path, typer.Argument(
    parser=Path, metavar="FILE",
    help="The damaged journal: journal-damaged-*.db in the data directory. It is not changed.")]
# fmt: on


def recover(damaged: Damaged, data: options.Data = options.DATA, site: options.Site = options.SITE) -> None:
    """Recover what is readable from a damaged journal; stop the logger first."""
    if not is_there(damaged):
        raise JournalMissing(f"cannot recover {damaged}: there is no such file; name another one")
    with JournalWriter.create(data / "journal.db", site) as journal:
        recovered = recover_journal(damaged, journal)
        held = sum(journal.held(stream).count for stream in STREAMS)
    print(
        f"{count(recovered.brought_back, 'record')} recovered into {data / 'journal.db'}, "
        f"{recovered.known_already:,} were already there, at most {recovered.unreadable:,} unreadable"
    )
    if recovered.brought_back:
        print("They are sent again (overwrites, no duplicates). Now start the logger again.")
    if held:
        print(f"{count(held, 'record')} in the journal held until the clock is confirmed: see `solar clock`")
