"""What has changed at the regulator."""

from logger.regulator.change_detection import ChangeDetection
from logger.regulator.menu_settings import ADDRESSES

SETTINGS = {address: address for address in ADDRESSES} | {93: 0x01}


def read_all(detection, settings):
    """Let the watch have every setting that it wants; what it then says has changed."""
    for address in detection.unread:
        detection.take(address, settings.get(address))
    return detection.settings_changes()


def test_a_first_reading_is_no_change():
    assert ChangeDetection({}, {}).notice({0: 222, 93: 1}) == []


def test_a_reading_like_the_last_one_is_no_change():
    assert ChangeDetection({0: 222, 93: 1}, {}).notice({0: 222, 93: 1, 50: 120}) == []


def test_another_model_and_another_system_voltage_are_named():
    detection = ChangeDetection({0: 222, 93: 0x01}, {})
    assert detection.notice({0: 200, 93: 0x04}) == [
        ("model_changed", "another regulator: PL80 → PL60 (RAM 0: 222 → 200)", {}),
        ("system_voltage_changed", "system voltage 24 V → 48 V (RAM 93: 1 → 4)", {}),
    ]
    assert detection.notice({0: 200, 93: 0x04}) == []


def test_another_program_is_no_other_voltage_but_a_reason_to_read_the_settings():
    detection = ChangeDetection({0: 222, 93: 0x01}, SETTINGS)
    assert read_all(detection, SETTINGS) == []
    assert detection.notice({0: 222, 93: 0x31}) == []
    assert list(detection.unread) == list(ADDRESSES)


def test_what_was_not_read_has_not_changed():
    detection = ChangeDetection({0: 222, 93: 1}, SETTINGS)
    read_all(detection, SETTINGS)
    assert detection.notice({50: 120}) == []
    assert detection.notice({0: 222, 93: 1}) == []
    assert not detection.unread


def test_settings_never_seen_before_are_written_down_in_words():
    (change,) = read_all(ChangeDetection({}, {}), SETTINGS)
    assert change.kind == "settings_changed"
    assert change.message.startswith("settings as first read: ")
    assert "VOLT 24 V" in change.message
    assert change.ram == SETTINGS


def test_settings_are_written_down_only_when_they_changed():
    detection = ChangeDetection({}, SETTINGS)
    assert read_all(detection, SETTINGS) == []
    detection.look_again()
    new = SETTINGS | {87: 145}
    assert read_all(detection, new) == [("settings_changed", "settings changed: BMAX 17.4 V → 29.0 V", new)]
    detection.look_again()
    assert read_all(detection, new) == []


def test_a_setting_that_could_not_be_read_is_no_change_and_stays_known():
    detection = ChangeDetection({}, SETTINGS)
    assert read_all(detection, {address: raw for address, raw in SETTINGS.items() if address != 70}) == []
    detection.look_again()
    assert read_all(detection, SETTINGS | {70: 128})[0].message == "settings changed: L ON 14.0 V → 25.6 V"


def test_settings_none_of_which_can_be_read_are_no_change():
    assert read_all(ChangeDetection({}, {}), {}) == []
