"""Checks calibration.json, the adopted steps of the current registers."""

from collections.abc import Iterator
from pathlib import Path

from admin.doctor.finding import Finding, bad_from, ok, skipped
from journal.access import obstacle
from journal.errors import BadSetting
from logger.amperes.adopted_steps import FILE, load


def calibration(data: Path) -> Iterator[Finding]:
    """No finding if nothing was adopted; then the steps come from the settings or the model."""
    if obstacle(data):
        return  # not a directory, or this user may not enter it: the finding `data` says so
    if words := obstacle(data / FILE):
        found, _, remedy = words.partition("; ")
        yield skipped("calibration", found, remedy)
        return
    try:
        adopted = load(data / FILE)
    except BadSetting as error:
        yield bad_from("calibration", error)
        return
    if adopted:
        yield ok("calibration", f"measured and adopted for {', '.join(each.model for each in adopted)}")
