"""What becomes of a new version: it gets well within two minutes, or the old one comes back."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from admin.upkeep import services
from admin.upkeep.programs import trouble
from admin.upkeep.restoring import belongs_to_the_group, draft_beside, put_in_place
from admin.upkeep.versions import Trial, Versions
from journal import files
from journal.errors import JournalError, JournalTooNew, SolarError
from journal.journal import Journal

if TYPE_CHECKING:
    from alerts.outbox import Outbox
    from uploader.progress.progress import Progress

WAIT_SECONDS = 120.0
POLL_SECONDS = 1.0
ENOUGH_READINGS = 2
QUIET_SECONDS = 30.0
"""So long a logger with fewer readings must run without falling over."""


def settle(versions: Versions, data: Path, wait_seconds: float = WAIT_SECONDS) -> str:
    """Finish the trial that is going on; returns what came of it. May be called again after any interruption."""
    trial = versions.trial()
    if trial is None:
        return "Nothing to finish."
    if not trial.is_over and versions.current() == trial.new:
        why = _trouble(versions, trial, data, wait_seconds)
        if why is None:
            versions.end_trial()
            versions.remove_others(trial.new, trial.old)
            return f"solar {trial.new} runs. The one before, {trial.old}, stays in {versions.opt} for going back."
    else:
        why = "the update was interrupted"
    return f"solar {trial.new} did not get well: {why}. {_go_back(versions, trial, data)}"


def _trouble(versions: Versions, trial: Trial, data: Path, wait_seconds: float) -> str | None:
    """Start the new version; None as soon as it is well, else what was wrong in the end."""
    try:
        versions.install_services(trial.new)
        running = services.enabled()
        if not running:  # a site that is not set up yet has nothing to prove
            return None
        services.systemctl("restart", *running)
    except SolarError as error:
        return str(error)
    began = time.monotonic()
    why: str | None = "it does not start"
    while why and time.monotonic() - began < wait_seconds:
        time.sleep(POLL_SECONDS)  # other processes: there is nothing to wait on
        why = _not_well(versions, trial, data, running, time.monotonic() - began)
    return why


def _not_well(versions: Versions, trial: Trial, data: Path, running: list[str], seconds: float) -> str | None:
    for service in (each for each in running if each not in trial.ill):
        if not services.is_active(service):
            return f"{service} does not run"
        if services.restarts(service):
            return f"{service} ends again and again"
    if services.LOGGER not in running:
        return None
    ran = versions.solar(trial.new, "status", "--json", "--data", str(data))
    try:
        newest = (json.loads(ran.stdout)["last_reading"] or {}).get("id", 0)
    except (ValueError, KeyError):
        return f"its `solar status` fails: {trouble(ran, -1)}"
    new_readings = newest - trial.last_id
    # With a long interval there is only the first one; without a regulator none, before as after.
    is_quiet = seconds >= QUIET_SECONDS and (new_readings > 0 or not trial.was_reading)
    if new_readings >= ENOUGH_READINGS or is_quiet:
        return None
    return "no readings come" if trial.was_reading else "it has just started"


def _go_back(versions: Versions, trial: Trial, data: Path) -> str:
    versions.note(replace(trial, is_over=True))
    running = services.enabled()
    if running:
        with suppress(SolarError):
            services.systemctl("stop", *running)
    told = [f"solar {trial.old} runs again."]
    if (aside := _journal_back(Path(trial.backup), data / "journal.db")) is not None:
        told.append(
            f"The new version had changed the journal's format, so the copy from before is in place; what was logged "
            f"since is in {aside}."
        )
    for path, kind in side_files(data):
        _side_file_back(path, kind)
    versions.switch(trial.old)
    with suppress(SolarError):  # whatever is wrong with the units, the logger must start
        versions.install_services(trial.old)
    if running:
        services.systemctl("start", *running)
    versions.end_trial()
    return " ".join(told)


def _journal_back(backup: Path, journal: Path) -> Path | None:
    """The copy from before, if this version cannot read the journal any more; returns the new one's other name."""
    try:
        Journal.open(journal).close()
    except JournalTooNew:
        with files.lock(journal):
            return put_in_place(draft_beside(backup, journal), journal)
    except JournalError:
        pass
    return None


def side_files(data: Path) -> "Iterator[tuple[Path, type[Progress | Outbox]]]":
    """The databases beside the journal that are there and would be missed, with what opens them."""
    from alerts.outbox import Outbox
    from uploader.progress.progress import Progress

    for name, kind in (("uploader.db", Progress), ("alerts.db", Outbox)):
        if (data / name).exists():
            yield data / name, kind


def _side_file_back(path: Path, kind: "type[Progress | Outbox]") -> None:
    """As it was before its format changed. Without it the uploader would begin again, which doubles nothing, and the
    alerts would tell again what is wrong now."""
    try:
        with kind.read_only(path):
            pass
    except JournalTooNew:
        before = sorted(path.parent.glob(f"{path.stem}-before-v*{path.suffix}"))
        aside = path.with_name(f"{path.stem}-replaced-{files.stamp()}{path.suffix}")
        os.link(path, aside)
        if before:
            draft = path.with_name(f"{path.name}.restored")
            shutil.copy2(before[-1], draft)
            belongs_to_the_group(draft)
            draft.replace(path)
        else:
            path.unlink()
    except JournalError:
        pass
