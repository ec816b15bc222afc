"""The versions of the program in /opt/solar, and a trial of a new one that is undone unless it gets well.

/opt/solar/v1.2.0/       a version; it counts only with a file `complete` in it
/opt/solar/current       a link to the one that runs; previous: to the one before
/opt/solar/trial         while a new one has not proven itself: which it is, and what to go back to

Every step may be the last one before a power cut. The trial is written first; with it, `settle` finishes what was
begun, in either direction (solar-update.service, at the next start of the computer at the latest).
"""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from admin.upkeep.programs import ran, said
from journal.errors import SolarError

OPT = Path("/opt/solar")
BACKUPS = Path("/var/backups/solar")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """`last_id`: the newest reading before; `was_reading`: whether readings came then. `ill`: services that did not
    run even before, and prove nothing now. `is_over`: it goes back."""

    old: str
    new: str
    backup: str
    last_id: int
    was_reading: bool
    ill: Sequence[str] = ()
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Versions:
    """Those in a directory such as /opt/solar."""

    opt: Path = OPT

    def current(self) -> str:
        """Raises SolarError if the program was not installed by install.sh."""
        try:
            return os.readlink(self.opt / "current")
        except OSError:
            raise SolarError(
                f"cannot update: there is no {self.opt / 'current'}; install with install.sh first (docs/install.md)"
            ) from None

    def build(self, source: str | None) -> str:
        """Make the new version's directory beside the others; returns its name."""
        script = self.opt / "current/share/solar/install.sh"
        return _said("bash", str(script), "--beside", "--from", source or str(self.opt / "source")).splitlines()[-1]

    def switch(self, version: str) -> None:
        draft = self.opt / "current.new"
        draft.unlink(missing_ok=True)
        draft.symlink_to(version)
        draft.replace(self.opt / "current")
        os.sync()

    def solar(self, version: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a version's own command."""
        return ran(str(self.opt / version / "bin/solar"), *arguments)

    def install_services(self, version: str) -> None:
        _said(str(self.opt / version / "share/solar/install-services"))

    def remove_others(self, *kept: str) -> None:
        for marker in self.opt.glob("*/complete"):
            if marker.parent.name not in kept and not marker.parent.is_symlink():
                shutil.rmtree(marker.parent, ignore_errors=True)

    def begin(self, trial: Trial) -> None:
        """From here on the new version is the current one, for as long as it proves itself."""
        link = self.opt / "previous"
        link.unlink(missing_ok=True)
        link.symlink_to(trial.old)
        self.note(trial)
        self.switch(trial.new)

    def note(self, trial: Trial) -> None:
        draft = self.opt / "trial.new"
        draft.write_text(json.dumps(asdict(trial)))
        draft.replace(self.opt / "trial")
        os.sync()

    def trial(self) -> Trial | None:
        """The one that is going on."""
        try:
            return Trial(**json.loads((self.opt / "trial").read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def end_trial(self) -> None:
        (self.opt / "trial").unlink(missing_ok=True)


def _said(*command: str) -> str:
    return said("cannot update", "the present version goes on", *command, line=-1)
