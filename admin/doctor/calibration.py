"""calibration.json: the steps of the current registers that a person has adopted, and whether the file can be used."""

from collections.abc import Iterator
from pathlib import Path

from admin.doctor.finding import Finding, bad_from, ok, skipped
from journal.access import obstacle
from journal.errors import BadSetting
from logger.amperes.adopted_steps import FILE, load


def calibration(data: Path) -> Iterator[Finding]:
    """Nothing where nothing was adopted: then the steps are set, or the model's."""
    if obstacle(data):
        return  # it may not be entered, or is none: that is the finding `data`
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
