from pathlib import Path

from admin.doctor.calibration import calibration
from admin.doctor.finding import Verdict


def test_where_nothing_was_adopted_there_is_no_line(tmp_path: Path) -> None:
    assert list(calibration(tmp_path)) == []


def test_steps_that_were_adopted_are_told_by_model(tmp_path: Path) -> None:
    (tmp_path / "calibration.json").write_text('{"PL80": {"charge_step_amps": "0.5"}}')
    (finding,) = calibration(tmp_path)
    assert (finding.verdict, finding.found) == (Verdict.OK, "measured and adopted for PL80")


def test_a_damaged_file_has_a_cause_and_a_remedy_in_words(tmp_path: Path) -> None:
    """A power cut can leave a file of zeros."""
    path = tmp_path / "calibration.json"
    path.write_bytes(bytes(40))
    (finding,) = calibration(tmp_path)
    assert (finding.verdict, finding.found) == (Verdict.BAD, f"cannot use {path}: the file is damaged")
    assert finding.remedy.startswith("measure again with `solar calibrate --adopt`")
