"""What chrony says of the wall clock."""

from pathlib import Path

import pytest

from logger.clock import chrony

GOOD = (
    "C0A80001,192.168.0.1,3,1795628400.123456789,0.000012,-0.00001,0.00002,-12.3,0.001,0.05,0.040,0.010,64.2,Normal\n"
)


@pytest.mark.parametrize(
    ("tracking", "expected"),
    [
        pytest.param(GOOD, 0.030012, id="synchronised"),
        pytest.param(GOOD.replace("0.000012", "-233.5"), 233.53, id="still putting it right"),
        pytest.param(GOOD.replace("Normal", "Insert second"), 0.030012, id="a leap second is due"),
        pytest.param(GOOD.replace("Normal", "Not synchronised"), None, id="no server yet"),
        pytest.param(GOOD.replace("C0A80001,192.168.0.1", "7F7F0101,"), None, id="its own clock"),
        pytest.param(GOOD.replace("0.040", "?"), None, id="no number"),
        pytest.param("506 Cannot talk to daemon\n", None, id="not running"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_how_wrong_the_clock_may_be(tracking, expected):
    assert chrony.error_seconds(tracking) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (f'#!/bin/sh\n[ "$*" = "-c tracking" ] && printf "{GOOD.strip()}"', 0.030012),
        ("#!/bin/sh\necho 506 Cannot talk to daemon; exit 1", None),
        ("#!/bin/sh\nexec sleep 60", None),
        (None, None),
    ],
)
def test_the_program_is_asked(script, expected, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin" if script else str(tmp_path))
    monkeypatch.setattr(chrony, "TIMEOUT_SECONDS", 0.5)
    if script:
        (tmp_path / "chronyc").write_text(script)
        (tmp_path / "chronyc").chmod(0o755)
    assert chrony.ask() == (None if expected is None else pytest.approx(expected))
