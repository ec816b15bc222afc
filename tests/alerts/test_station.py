"""The station: each alert is told once, with the time at which it happened, whatever comes in between."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.moment import local
from alerts.outbox import Outbox
from alerts.rules import Rules
from alerts.station import Situation
from journal.errors import JournalUnusable
from journal.journal import Journal
from journal.side_file import files_aside
from tests.alerts.site import START_MS, Ear, Ntfy, Site, unthrottled

LOW, BACK = "hut: battery voltage low", "hut: battery voltage back to normal"
MINUTE_MS = 60_000


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.journal.close()


def test_a_low_battery_is_told_once_with_the_time_at_which_it_began_and_once_when_it_is_over(site: Site) -> None:
    ear = Ear()
    with site.station(ear) as station:
        site.pass_minutes(station, 20)
        site.pass_minutes(station, 60, battery_volts=23.0)
        site.pass_minutes(station, 60, battery_volts=25.5)
    began = local(START_MS + 21 * MINUTE_MS)
    assert ear.titles == [LOW, BACK]
    assert ear.heard[0][1].endswith(f"on average over 10 minutes, below 23.6 V.\nSince {began}.")
    assert "above 24.8 V" in ear.heard[1][1]


def test_a_battery_that_swings_about_the_limit_gives_one_alert(site: Site) -> None:
    ear = Ear()
    with site.station(ear) as station:
        site.pass_minutes(station, 20)
        for volts in [23.2, 24.2, 23.0, 23.9] * 30:
            site.pass_minutes(station, 1, battery_volts=volts)
        assert ear.titles == [LOW]
        site.pass_minutes(station, 30, battery_volts=25.5)
    assert ear.titles == [LOW, BACK]


def test_a_short_dip_is_no_alert(site: Site) -> None:
    """A pump that starts."""
    ear = Ear()
    with site.station(ear) as station:
        site.pass_minutes(station, 20)
        site.pass_minutes(station, 2, battery_volts=21.0)
        site.pass_minutes(station, 20)
    assert ear.heard == []


def test_what_was_before_the_first_start_is_no_news(site: Site) -> None:
    for _ in range(120):
        site.now_ms += MINUTE_MS
        site.read(battery_volts=20.0)
    for _ in range(60):
        site.now_ms += MINUTE_MS
        site.read()
    ear = Ear()
    with site.station(ear) as station:
        site.pass_minutes(station, 20)
    assert ear.heard == []


def test_through_an_outage_of_two_days_each_is_told_once_with_its_time(site: Site) -> None:
    """By a real HTTP endpoint as ntfy has it, and another receiver that was never away."""
    ear, ntfy = Ear(), Ntfy()
    with ntfy.running():
        told = unthrottled(ntfy.url)
        with site.station(told, ear) as station:
            site.pass_minutes(station, 20)
            ntfy.is_off = True
            site.pass_minutes(station, 30, battery_volts=23.0)
            site.pass_minutes(station, 30, battery_volts=25.5)
        for _ in range(4):  # each half a day with a restart
            with site.station(told, ear) as station:
                for _ in range(24):
                    site.now_ms += 29 * MINUTE_MS
                    site.pass_minutes(station, 1)
        assert ntfy.messages == []
        ntfy.is_off = False
        with site.station(told, ear) as station:
            site.pass_minutes(station, 30)
        with site.station(told, ear) as station:
            site.pass_minutes(station, 30)
    assert [message["title"] for message in ntfy.messages] == ear.titles == [LOW, BACK]
    assert f"Since {local(START_MS + 21 * MINUTE_MS)}.\nSent " in ntfy.messages[0]["message"]
    assert "Sent" not in ear.heard[0][1]


def test_by_mail_through_a_real_smtp_server(site: Site) -> None:
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Message as ToMessage

    from tests.servers import free_port

    class Post(ToMessage):
        def __init__(self) -> None:
            super().__init__()
            self.mails: list[tuple[str, str]] = []

        def handle_message(self, message):  # type: ignore[no-untyped-def]
            from email.header import decode_header, make_header

            part = next(each for each in message.walk() if each.get_content_type() == "text/plain")
            text = part.get_payload(decode=True).decode()
            self.mails.append((str(make_header(decode_header(message["Subject"]))), text))

    post, port = Post(), free_port()
    url = f"mailto://127.0.0.1:{port}?from=hut@example.org&to=me@example.org&mode=insecure&format=text"
    told = unthrottled(url)
    with site.station(told) as station:
        site.pass_minutes(station, 20)
        site.pass_minutes(station, 12, battery_volts=23.0)  # nobody listens there yet
        controller = Controller(post, hostname="127.0.0.1", port=port)
        controller.start()
        try:
            site.pass_minutes(station, 20, battery_volts=23.0)
            site.pass_minutes(station, 30, battery_volts=25.5)
        finally:
            controller.stop()
    assert [subject for subject, _ in post.mails] == [LOW, BACK]
    assert f"Since {local(START_MS + 21 * MINUTE_MS)}" in post.mails[0][1]


KILLED = """
import os, signal, sys
from pathlib import Path
from alerts.outbox import Outbox
from alerts.receivers import AppriseReceiver
from tests.alerts.site import Site, unthrottled

site = Site(Path(sys.argv[1]))
where, told = sys.argv[2], unthrottled(sys.argv[3])
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
send, decide = AppriseReceiver.send, Outbox.decide
if where == "before deciding":
    Outbox.decide = lambda self, place, states, notices=(), *rest: (die() if notices else decide(self, place, states))
elif where == "between deciding and sending":
    AppriseReceiver.send = die
else:
    Outbox.told = die
with site.station(told) as station:
    site.pass_minutes(station, 20)
    site.pass_minutes(station, 30, battery_volts=23.0)
"""


@pytest.mark.parametrize(
    ("where", "times"),
    [("before deciding", 1), ("between deciding and sending", 1), ("between sending and marking", 2)],
)
def test_a_kill_9_at_the_worst_moment(site: Site, where: str, times: int) -> None:
    """Told twice only in the last case, as docs/alerts.md says."""
    ntfy = Ntfy()
    site.journal.close()
    with ntfy.running():
        command = [sys.executable, "-c", KILLED, str(site.directory), where, ntfy.url]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        again = Site(site.directory)
        again.now_ms = again.journal.get("readings", again.journal.last_id("readings")).time_ms  # type: ignore[union-attr]
        told = unthrottled(ntfy.url)
        for _ in range(2):
            with again.station(told) as station:
                again.pass_minutes(station, 15, battery_volts=23.0)
        again.journal.close()
    assert [message["title"] for message in ntfy.messages] == [LOW] * times
    assert {message["message"].split("Since ")[1][:16] for message in ntfy.messages} == {
        local(START_MS + 21 * MINUTE_MS)[:16]
    }


def test_without_a_confirmed_clock_it_is_told_at_once_and_dated_as_soon_as_the_time_is_known(tmp_path: Path) -> None:
    site, ear, late = Site(tmp_path, knows_time=False), Ear(), Ear()
    late.key, late.is_deaf = "late", True
    with site.station(ear, late) as station:
        site.pass_minutes(station, 20)
        site.pass_minutes(station, 20, battery_volts=23.0)
        site.know_time()
        late.is_deaf = False
        site.pass_minutes(station, 20, battery_volts=23.0)
    assert "by a clock that is not confirmed, 81 minutes after the computer's start" in ear.heard[0][1]
    assert f"Since {local(START_MS + 21 * MINUTE_MS)}." in late.heard[0][1]
    assert (ear.titles, late.titles) == ([LOW], [LOW])
    site.journal.close()


def test_a_silent_regulator_with_the_loggers_own_words(site: Site) -> None:
    ear = Ear()
    with site.station(ear) as station:
        site.pass_minutes(station, 5)
        site.happen("port_missing", "cannot open /dev/ttyUSB0: no such device")
        site.pass_minutes(station, 30, battery_volts=None)
        site.happen("regulator_back", "readings are back")
        site.pass_minutes(station, 10)
    assert ear.titles == ["hut: no readings", "hut: readings are back"]
    assert ear.heard[0][1] == (
        "No reading for 15 minutes: cannot open /dev/ttyUSB0: no such device.\n"
        f"Since {local(START_MS + 5 * MINUTE_MS)}."
    )
    assert ear.heard[1][1] == f"Over since {local(START_MS + 36 * MINUTE_MS)}."


def test_a_restart_of_alerts_or_of_the_computer_is_no_silence(site: Site) -> None:
    ear = Ear()
    with site.station(ear) as station:
        site.pass_minutes(station, 5)
    with site.station(ear) as station:
        site.now_ms += MINUTE_MS
        station.step()
    assert ear.heard == []


def test_load_cut_off_and_alarm_at_once_and_over_when_they_have_been_off_for_five_minutes(site: Site) -> None:
    ear = Ear()
    with site.station(ear) as station:
        site.pass_minutes(station, 3, load_disconnected=0, alarm=0)
        site.pass_minutes(station, 1, load_disconnected=1, alarm=1)
        for bit in (0, 1) * 4:
            site.pass_minutes(station, 2, load_disconnected=bit, alarm=0)
        site.pass_minutes(station, 10, load_disconnected=0, alarm=0)
    assert ear.titles == [
        "hut: load cut off",
        "hut: the regulator's alarm is on",
        "hut: the regulator's alarm is off",
        "hut: load connected again",
    ]


def test_a_battery_that_is_not_full_for_days(site: Site) -> None:
    ear = Ear()
    with site.station(ear, rules=Rules(bank_volts=24, given={"not_full": {"days": 2.0}})) as station:
        site.pass_minutes(station, 1, regulator_state="float")
        for _ in range(3 * 24):
            site.now_ms += 59 * MINUTE_MS
            site.pass_minutes(station, 1, regulator_state="boost")
        site.pass_minutes(station, 1, regulator_state="float")
    assert [title for title in ear.titles if "reading" not in title] == [
        "hut: battery not full for days",
        "hut: battery full again",
    ]
    assert any(f"since {local(START_MS + MINUTE_MS)}" in body for _, body in ear.heard)


DAY_AGO = START_MS - 25 * 3_600_000


@pytest.mark.parametrize(
    ("trouble", "title", "words"),
    [
        (Situation(free_bytes=10**8), "hut: the disk needs attention", "Only 100 MB are free, less than 200 MB"),
        (Situation(disk="the disk is read-only"), "hut: the disk needs attention", "The disk is read-only."),
        (Situation(clock_seconds=90_000, clock="set the clock"), "hut: the clock needs attention", "Set the clock."),
        (
            Situation(upload=(DAY_AGO, "no route")),
            "hut: the upload needs attention",
            f"No route.\nSince {local(DAY_AGO)}",
        ),
    ],
    ids=["full disk", "other disk", "clock", "upload"],
)
def test_disk_clock_and_upload(site: Site, trouble: Situation, title: str, words: str) -> None:
    ear, well = Ear(), site.situation
    with site.station(ear) as station:
        site.pass_minutes(station, 15)
        site.situation = trouble
        site.pass_minutes(station, 60)
        assert ear.titles == [title]
        site.situation = well
        site.pass_minutes(station, 60)
    assert len(ear.titles) == 2
    assert words in ear.heard[0][1]


def test_what_lasts_too_short_is_not_told(site: Site) -> None:
    ear = Ear()
    hour_ago = START_MS - 3_600_000
    site.situation = replace(site.situation, clock_seconds=3600, clock="set it", upload=(hour_ago, "no route"))
    with site.station(ear) as station:
        site.pass_minutes(station, 60)
    assert ear.heard == []


def test_another_journal_in_its_place_is_looked_at_from_its_end(site: Site, tmp_path: Path) -> None:
    ear = Ear()
    with site.station(ear) as station:
        site.pass_minutes(station, 20)
        site.journal.close()
        for path in tmp_path.glob("journal.db*"):
            path.unlink()
        other = Site(tmp_path)
        other.now_ms = site.now_ms
        station._now = other.moment
        other.pass_minutes(station, 20, battery_volts=23.0)
        other.journal.close()
    assert ear.titles == [LOW]


def test_while_nothing_can_be_written_the_decision_waits_and_is_not_lost(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    ear = Ear()
    with site.station(ear) as station:
        site.pass_minutes(station, 20)
        station._outbox._connection.execute("PRAGMA query_only = ON")
        site.pass_minutes(station, 12, battery_volts=23.0)
        assert ear.heard == []
        assert "cannot write to" in caplog.text
        station._outbox._connection.execute("PRAGMA query_only = OFF")
        site.pass_minutes(station, 3, battery_volts=23.0)
    assert ear.titles == [LOW]


def test_a_journal_that_fails_half_way_loses_no_alert(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ear = Ear()
    with site.station(ear) as station:
        site.pass_minutes(station, 20)
        for _ in range(30):
            site.now_ms += MINUTE_MS
            site.read(battery_volts=23.0)
        records = Journal.records

        def torn(*arguments: Any, **options: Any) -> Iterator[object]:
            for number, record in enumerate(records(*arguments, **options)):
                if number == 15:
                    raise JournalUnusable("cannot read it: the disk reports an error")
                yield record

        monkeypatch.setattr(Journal, "records", torn)
        station.step()
        monkeypatch.undo()
        site.pass_minutes(station, 3, battery_volts=23.0)
    assert ear.titles == [LOW]


def test_a_journal_that_cannot_be_read_is_told_when_that_lasts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path) -> Journal:
        raise JournalUnusable(f"cannot open {path}: the disk reports an error")

    ear = Ear()
    with site.station(ear) as station:
        site.pass_minutes(station, 20)
        monkeypatch.setattr(Journal, "open", fail)
        site.pass_minutes(station, 9)
        assert ear.titles == []
        site.pass_minutes(station, 20)
        assert ear.titles == ["hut: the disk needs attention"]
        monkeypatch.undo()
        site.pass_minutes(station, 30)
    assert ear.titles[1:] == ["hut: the disk is fine again"]


def test_a_rule_that_is_switched_off_is_not_over(site: Site) -> None:
    ear = Ear()
    with site.station(ear) as station:
        site.pass_minutes(station, 20)
        site.pass_minutes(station, 20, battery_volts=23.0)
        station.rules = Rules(bank_volts=24, off=frozenset({"battery_volts"}))
        site.pass_minutes(station, 20)
        station.rules = Rules(bank_volts=24)
        site.pass_minutes(station, 20)
    assert ear.titles == [LOW]


def test_a_damaged_alerts_db_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "alerts.db").write_bytes(b"not a database" * 100)
    with Outbox.open(tmp_path / "alerts.db") as outbox:
        assert files_aside(tmp_path)
        assert outbox.messages() == []
