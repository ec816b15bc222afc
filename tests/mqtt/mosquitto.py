"""A real mosquitto on 127.0.0.1, and somebody who subscribes to everything."""

import queue
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.servers import program

WAIT_SECONDS = 30


@contextmanager
def mosquitto(port: int, directory: Path, passwords: Path | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """It keeps nothing over a restart."""
    config = directory / "mosquitto.conf"
    access = f"password_file {passwords}\nallow_anonymous false\n" if passwords else "allow_anonymous true\n"
    config.write_text(f"listener {port} 127.0.0.1\npersistence false\nuser root\n{access}")
    with (
        (directory / "mosquitto.log").open("ab") as log,
        subprocess.Popen([program("mosquitto", "mosquitto"), "-c", config], stdout=log, stderr=log) as process,
    ):
        try:
            _await(port, process)
            yield process
        finally:
            process.terminate()
            process.wait(10)


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)  # a server being started by another process offers nothing to wait on
    pytest.fail(f"mosquitto did not start; exit code {process.poll()}")


class Listener:
    """Hears every message: (topic, payload, whether the broker had kept it)."""

    def __init__(self, port: int, **login: str) -> None:
        self.heard: queue.Queue[tuple[str, str, bool]] = queue.Queue()
        self.topics: dict[str, str] = {}
        self._subscribed: queue.Queue[bool] = queue.Queue()
        self._client: Any = paho.Client(CallbackAPIVersion.VERSION2)
        if login:
            self._client.username_pw_set(**login)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.put(True)
        self._client.on_message = lambda client, data, message: self.heard.put(
            (message.topic, message.payload.decode(), bool(message.retain))
        )
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._subscribed.get(timeout=WAIT_SECONDS)

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def until(self, topic: str, payload: str | None = None) -> str:
        """Listen until a message comes under this topic (with this payload); its payload."""
        deadline = time.monotonic() + WAIT_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            try:
                heard_topic, heard, _ = self.heard.get(timeout=left)
            except queue.Empty:
                break
            self.topics[heard_topic] = heard
            if heard_topic == topic and payload in (None, heard):
                return heard
        pytest.fail(f"nothing came under {topic} ({payload}); heard {sorted(self.topics)}")
