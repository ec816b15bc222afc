"""`solar mqtt` against a real mosquitto: values that stay, a broker that restarts, a day without it, the last will."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from journal.reading import Day, Reading
from journal.writer import JournalWriter
from mqtt.broker import Broker, address
from mqtt.discovery import ENTITIES, OFFLINE, ONLINE, Topics, configs
from mqtt.publisher import Publisher
from tests.admin.conftest import start
from tests.mqtt.mosquitto import Listener, mosquitto
from tests.servers import free_port, program

DAY_MS = 86_400_000
NOW_MS = 1_780_000_000_000
HUT = Topics("hut")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[JournalWriter]:
    with JournalWriter.create(tmp_path / "journal.db", "hut") as journal:
        read(journal, 0)
        journal.append(Day(time_ms=NOW_MS - DAY_MS, date="2026-05-27", charge_amp_hours=211.0, load_amp_hours=80.0))
        yield journal


@pytest.fixture
def port() -> int:
    return free_port()


def read(journal: JournalWriter, number: int, **quantities: object) -> None:
    values = {"model": "PL80", "battery_volts": 25.0, "charge_amp_hours": 10.0 + number, "load_amp_hours": 4.0}
    values |= {"charge_amps": 12.5, "regulator_state": "boost", "alarm": 0} | quantities
    at = {"time_ms": NOW_MS + number * 10_000, "boot": 1, "uptime_ms": number * 10_000}
    journal.append(Reading(**at, **values))  # type: ignore[arg-type]


def publisher(journal: JournalWriter, broker: Broker) -> Publisher:
    return Publisher(journal.path, broker, HUT, "0.2.0")


@pytest.fixture
def broker(port: int) -> Iterator[Broker]:
    broker = Broker(address(f"mqtt://127.0.0.1:{port}"), HUT)
    broker._client.reconnect_delay_set(1, 1)
    yield broker
    broker.stop()


def test_who_comes_later_finds_the_newest_values_and_how_to_show_them(
    journal: JournalWriter, port: int, broker: Broker, tmp_path: Path
) -> None:
    with mosquitto(port, tmp_path):
        broker.start()
        assert broker.has_news.wait(30)
        worker = publisher(journal, broker)
        assert worker.step() == len(ENTITIES) + 2
        assert worker.step() == 0
        read(journal, 1)
        assert worker.step() == 1
        with Listener(port) as first:
            first.until(HUT.status, ONLINE)
            with Listener(port) as second:  # what it hears is what the broker has kept
                values = json.loads(second.until(HUT.reading))
                days = json.loads(second.topics.get(HUT.days) or second.until(HUT.days))
                heard = {topic: kept for topic, _, kept in list(second.heard.queue)}
                assert all(heard.values())
    assert values == {
        "time": "2026-05-28T20:26:50.000+00:00",
        "model": "PL80",
        "battery_volts": 25.0,
        "charge_amps": 12.5,
        "charge_amp_hours": 11.0,
        "load_amp_hours": 4.0,
        "regulator_state": "boost",
        "alarm": 0,
        "charge_watt_hours": 275.0,
        "load_watt_hours": 100.0,
    }
    assert days == [{"date": "2026-05-27", "date_is_estimated": 0, "charge_amp_hours": 211.0, "load_amp_hours": 80.0}]


def test_a_broker_that_was_restarted_and_lost_everything_gets_everything_again(
    journal: JournalWriter, port: int, broker: Broker, tmp_path: Path
) -> None:
    worker = publisher(journal, broker)
    with mosquitto(port, tmp_path):
        broker.start()
        assert broker.has_news.wait(30)
        worker.step()
        broker.has_news.clear()
    with mosquitto(port, tmp_path), Listener(port) as listener:
        assert broker.has_news.wait(30)
        worker.forget()
        assert worker.step() == len(ENTITIES) + 2
        # Any order: paho sends again what the first broker had not acknowledged.
        for topic in (HUT.status, HUT.reading, HUT.days, *configs(HUT, "PL80", "0.2.0")):
            if topic not in listener.topics:
                listener.until(topic)


def test_after_a_day_without_the_network_the_newest_reading_comes_and_nothing_else(
    journal: JournalWriter, port: int, broker: Broker, tmp_path: Path
) -> None:
    """History is InfluxDB's; nothing was kept in memory for it."""
    worker = publisher(journal, broker)
    broker.start()
    for number in range(1, 145):
        read(journal, number * 60)
        assert worker.step() == 0
    assert broker._client._out_messages == {}
    with mosquitto(port, tmp_path), Listener(port) as listener:
        assert broker.has_news.wait(30)
        worker.forget()
        worker.step()
        read(journal, 9000, battery_volts=24.0)
        worker.step()
        readings = [json.loads(listener.until(HUT.reading)) for _ in range(2)]
    assert [each["battery_volts"] for each in readings] == [25.0, 24.0]
    assert readings[0]["time"] == "2026-05-29T20:26:40.000+00:00"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_the_last_will_says_offline(journal: JournalWriter, port: int, tmp_path: Path, number: signal.Signals) -> None:
    with mosquitto(port, tmp_path), Listener(port) as listener:
        settings = {"SOLAR_MQTT_URL": f"mqtt://127.0.0.1:{port}", "SOLAR_SITE": "hut", "SOLAR_DATA": str(tmp_path)}
        with start("mqtt", "--every", "0.2", **settings) as process:
            listener.until(HUT.reading)
            assert listener.topics[HUT.status] == ONLINE
            process.send_signal(number)
            listener.until(HUT.status, OFFLINE)
            assert process.wait(30) == (0 if number == signal.SIGTERM else -number)


def test_a_password_is_used_and_never_logged(journal: JournalWriter, port: int, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwd = program("mosquitto_passwd", "mosquitto")
    subprocess.run([passwd, "-b", "-c", passwords, "solar", "p@ss:word"], check=True, capture_output=True)
    settings = {"SOLAR_SITE": "hut", "SOLAR_DATA": str(tmp_path)}
    with mosquitto(port, tmp_path, passwords), Listener(port, username="solar", password="p@ss:word") as listener:
        wrong = f"mqtt://solar:another-secret@127.0.0.1:{port}"
        with start("mqtt", "--every", "0.2", "-v", SOLAR_MQTT_URL=wrong, **settings) as process:
            assert process.stderr
            line = next(line for line in process.stderr if "cannot reach" in line)
            process.terminate()
            said = line + process.stderr.read()
        assert f"cannot reach the MQTT broker at 127.0.0.1:{port}: not authorized; trying again" in line
        assert "another-secret" not in said
        right = f"mqtt://solar:p%40ss%3Aword@127.0.0.1:{port}"
        with start("mqtt", "--every", "0.2", "-v", SOLAR_MQTT_URL=right, **settings) as process:
            listener.until(HUT.reading)
            process.terminate()
            assert process.stderr
            assert "p@ss" not in process.stderr.read()
