"""`solar alert` and `solar mqtt` as a person meets them."""

import sys
from pathlib import Path

import pytest

from admin.commands import alert
from alerts.outbox import Outbox, Place
from alerts.watches import Notice
from journal.boots import Anchor
from journal.reading import Reading
from journal.writer import JournalWriter
from tests.admin.conftest import FIRST_MS, Solar, start
from tests.alerts.site import Ntfy


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """This machine's own rules do not count."""
    monkeypatch.setattr(alert, "SERVICES_RULES", tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("command", "module", "extra"),
    [
        ("alert test", "apprise", "alert"),
        ("alert run", "apprise", "alert"),
        ("mqtt", "paho.mqtt", "mqtt"),
    ],
)
def test_without_the_extra_one_line_says_what_to_install(
    solar: Solar, monkeypatch: pytest.MonkeyPatch, command: str, module: str, extra: str
) -> None:
    monkeypatch.setenv("SOLAR_ALERT_URLS", "ntfy://host/topic")
    monkeypatch.setenv("SOLAR_MQTT_URL", "mqtt://host")
    monkeypatch.setitem(sys.modules, module, None)  # importing it fails
    ran = solar(*command.split())
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert f"; install with pip install '.[{extra}]' in the project's directory" in ran.err


@pytest.mark.parametrize(
    ("command", "name", "example"),
    [
        ("alert run", "SOLAR_ALERT_URLS", "ntfy://ntfy.sh/A-NAME-THAT-NOBODY-GUESSES"),
        ("mqtt", "SOLAR_MQTT_URL", "mqtt://USER:PASSWORD@HOST:1883"),
    ],
)
def test_without_the_setting_one_line_says_how_it_looks(solar: Solar, command: str, name: str, example: str) -> None:
    ran = solar(*command.split())
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert f"{name} is not set" in ran.err
    assert example in ran.err


def test_a_test_message_to_each_receiver_and_no_secret_in_what_is_said(
    solar: Solar, monkeypatch: pytest.MonkeyPatch
) -> None:
    ntfy = Ntfy()
    with ntfy.running():
        monkeypatch.setenv("SOLAR_ALERT_URLS", f"{ntfy.url},json://me:top-secret@127.0.0.1:9/also-secret")
        ran = solar("alert", "test", "--site", "hut", "--verbose")
    assert ran.code == 1
    assert ran.out.splitlines()[0] == "ntfy (1): sent"
    assert ran.out.splitlines()[1].startswith("json (2): cannot send: ")
    assert "secret" not in ran.out + ran.err
    (message,) = ntfy.messages
    assert (message["title"], message["topic"]) == ("hut: test", "a-secret-topic")


def test_a_url_that_apprise_does_not_know(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLAR_ALERT_URLS", "ntfy://host/a,nonsense://top-secret")
    ran = solar("alert", "test")
    assert (ran.code, "number 2 in SOLAR_ALERT_URLS" in ran.err, "secret" in ran.err) == (2, True, False)


def test_the_list_shows_rules_what_is_raised_and_the_last_messages(solar: Solar, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with JournalWriter.create(data / "journal.db") as journal:
        journal.append(Reading(time_ms=FIRST_MS, boot=1, uptime_ms=1, raw=bytes((93, 0x31))))
    from alerts.moment import Moment

    notice = Notice("battery_volts", False, Moment(FIRST_MS, 1, 1, True), "23.1 V")
    with Outbox.open(data / "alerts.db") as outbox:
        outbox.decide(Place("x", 1), {"battery_volts": {"is_raised": True}}, [notice], "hut", ["somebody"])
    (tmp_path / "alerts.toml").write_text("[clock]\nenabled = false\n[upload]\nhours = 3\n")
    lines = solar("alert", "list").out.splitlines()
    assert lines[0] == "Rules (alerts.toml):"
    assert "  battery_volts    RAISED  below 23.6, back_above 24.8, for_minutes 10" in lines
    assert "  clock                    off" in lines
    assert "  upload                   hours 3, back_minutes 5" in lines
    assert lines[-1].endswith("hut: battery voltage low  (waits for 1 of the receivers)")
    (tmp_path / "alerts.toml").write_text("[clock]\nenabled = 3")
    ran = solar("alert", "list")
    assert (ran.code, ran.err) == (2, "cannot use alerts.toml, line 2: enabled cannot be 3; give true or false\n")


def test_it_runs_tells_and_ends_when_asked_and_a_second_one_does_not_start(
    tmp_path: Path, solar: Solar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole program: a low battery in the last minutes, and the clock of this computer."""
    from logger.clock.host_clock import Clock, boot_id

    data, ntfy = tmp_path / "data", Ntfy()
    with JournalWriter.create(data / "journal.db", "hut") as journal:
        boot = journal.boot_number(boot_id())
        now = Clock(boot).now()
        journal.write_anchor(boot, Anchor(now.uptime_ms, now.time_ms, "test"))
        for minute in range(20, -1, -1):
            at = {"time_ms": now.time_ms - minute * 60_000, "uptime_ms": now.uptime_ms - minute * 60_000}
            journal.append(Reading(**at, boot=boot, battery_volts=23.0, raw=bytes((93, 0x31))))
    with ntfy.running(), start("alert", "run", "--data", data, SOLAR_ALERT_URLS=ntfy.url) as process:
        assert process.stderr
        said = next(line for line in process.stderr if "sent by ntfy (1)" in line)
        monkeypatch.setenv("SOLAR_ALERT_URLS", ntfy.url)
        second = solar("alert", "run", "--data", data)
        assert (second.code, "is running there already" in second.err) == (1, True)
        process.terminate()
        assert process.wait(30) == 0
        said += process.stderr.read()
    assert [message["title"] for message in ntfy.messages] == ["hut: battery voltage low"]
    assert "below 23.6 V" in ntfy.messages[0]["message"]
    assert "secret" not in said
