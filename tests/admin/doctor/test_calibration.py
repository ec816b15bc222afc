import json
import os
from pathlib import Path

import pytest

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


def test_a_file_that_this_user_may_not_read_is_not_said_to_be_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To remove it would change the amperes of every reading; root's eyes are enough."""
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({"PL80": {"charge_step_amps": "0.5"}}))
    if os.geteuid() == 0:
        monkeypatch.setattr("os.access", lambda where, mode, **_: Path(where) != path)
    else:
        path.chmod(0)
    (finding,) = calibration(tmp_path)
    assert finding.verdict is Verdict.SKIPPED
    assert f"may not read {path}" in finding.found
    assert "remove" not in finding.remedy
