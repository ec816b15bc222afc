"""The rules file: a mistake is named with its line, what is wrong, and what would be right."""

import logging
from pathlib import Path

import pytest

from alerts.rules import BY_NAME, Rules
from alerts.rules_file import RulesFile, parse, read
from alerts.watches import watches
from journal.errors import BadSetting


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bank_volts = 24\n[battery_volts]\nbelow = = 3",
         "line 3: invalid value; write `name = number` or `[rule]` there"),
        ("\n[battery_volt]\nbelow = 3", "line 2: there is no rule named battery_volt; did you mean battery_volts?"),
        ("[upload]\nhour = 3", "line 2: there is no setting of [upload] named hour; did you mean hours?"),
        ("[upload]\n\n  hours = 'a day'", "line 3: hours cannot be 'a day'; give a number from 0.1 to 8760: "
         "hours in which nothing could be sent"),
        ("[disk]\nfree_megabytes = -1", "line 2: free_megabytes cannot be -1; give a number from 1 to 1e+06: "
         "megabytes that should be free"),
        ("[clock]\nenabled = 'no'", "line 2: enabled cannot be 'no'; give true or false"),
        ("bank_volts = 13", "line 1: bank_volts cannot be 13; give 12, 24, 32, 36 or 48"),
        ("[battery_volts]\nbelow = 24.0\nback_above = 23.0", "line 3: back_above is 23, not above below = 24; "
         "give a back_above that is higher"),
        ("upload = 3", "line 1: upload is a rule and needs a heading; write [upload] on a line of its own"),
        ("[state_of_charge]\nbelow = 70", "line 2: back_above is 60, not above below = 70; "
         "give a back_above that is higher"),
    ],
)  # fmt: skip
def test_a_mistake(text: str, words: str) -> None:
    with pytest.raises(BadSetting) as raised:
        parse(text, "alerts.toml")
    assert str(raised.value) == f"cannot use alerts.toml, {words}"


@pytest.mark.parametrize(("bank", "below", "above"), [(12, 11.8, 12.4), (24, 23.6, 24.8), (48, 47.2, 49.6)])
def test_the_defaults_fit_the_battery(bank: int, below: float, above: float) -> None:
    limits = {"below": below, "back_above": above, "for_minutes": 10}
    assert parse("", "x").limits("battery_volts", bank) == limits
    assert parse(f"bank_volts = {bank}", "x").limits("battery_volts", None) == limits
    assert parse("", "x").limits("battery_volts", None) is None


def test_what_is_given_counts_and_the_rest_stays() -> None:
    rules = parse("[battery_volts]\nbelow = 24.0\n[clock]\nenabled = false\n[upload]\nhours = 3", "x")
    assert rules.limits("battery_volts", 24) == {"below": 24.0, "back_above": 25.2, "for_minutes": 10}
    assert rules.limits("clock", 24) is None
    assert rules.limits("upload", 24) == {"hours": 3.0, "back_minutes": 5}


def test_a_back_above_that_is_not_above_the_batterys_own_limit_does_not_swing() -> None:
    """Otherwise the rule would begin and be over with each reading."""
    rules = parse("[battery_volts]\nback_above = 20", "x")
    assert rules.limits("battery_volts", 24) == {"below": 23.6, "back_above": 24.8, "for_minutes": 10}
    assert rules.limits("battery_volts", 12) == {"below": 11.8, "back_above": 20.0, "for_minutes": 10}


def test_a_directory_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=f"cannot read {tmp_path}: is a directory; name a file of rules"):
        read(tmp_path)


def test_without_a_file_the_log_does_not_speak_of_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    RulesFile(tmp_path / "alerts.toml", None, lambda text: None).rules()
    assert caplog.messages == [f"the default rules are in force; there are none in {tmp_path}/alerts.toml"]


def test_every_rule_has_a_watch() -> None:
    assert set(watches({})) == set(BY_NAME)


def test_while_the_file_has_a_mistake_the_old_rules_stay_in_force_also_over_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, stored = tmp_path / "alerts.toml", list[str]()
    file = RulesFile(path, None, stored.append)
    assert file.rules() == Rules()
    path.write_text("[upload]\nhours = 3")
    assert file.rules().limits("upload", None) == {"hours": 3.0, "back_minutes": 5}
    path.write_text("[upload]\nhours = three")
    caplog.set_level(logging.ERROR)
    for _ in range(3):
        assert file.rules().limits("upload", None) == {"hours": 3.0, "back_minutes": 5}
    assert [record.getMessage() for record in caplog.records] == [
        f"cannot use {path}, line 2: invalid value; write `name = number` or `[rule]` there "
        "(the old rules stay in force until it is fixed)"
    ]
    again = RulesFile(path, stored[-1], stored.append)
    assert again.rules().limits("upload", None) == {"hours": 3.0, "back_minutes": 5}
    path.write_text("[upload]\nhours = 4")
    assert again.rules().limits("upload", None) == {"hours": 4.0, "back_minutes": 5}
