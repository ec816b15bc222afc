"""The broker: an MQTT server, reached when it can be. The only importer of paho.

Nothing waits here: while there is no connection nothing is queued, and the newest values are sent when it is back. The
last will makes the broker itself say "offline" when this process or its network is gone.
"""

import logging
import ssl
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from journal.errors import BadSetting, extra_missing
from mqtt.discovery import OFFLINE, ONLINE, Topics

log = logging.getLogger(__name__)

SETTING = "SOLAR_MQTT_URL"
KEEPALIVE_SECONDS = 60
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 1, 120
FAREWELL_SECONDS = 2.0
RIGHT = "give mqtt://USER:PASSWORD@HOST:1883, or mqtts:// for TLS"


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    is_tls: bool
    user: str | None
    password: str | None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def address(url: str) -> Address:
    """What the setting says. Raises BadSetting, which does not repeat the password."""
    if not url.strip():
        raise BadSetting(f"cannot publish: {SETTING} is not set; set it in the environment or in .env: {RIGHT}")
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise BadSetting(f"cannot use {SETTING}: it is not a URL; {RIGHT}") from None
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.path not in ("", "/"):
        raise BadSetting(f"cannot use {SETTING}: it is not the address of an MQTT broker; {RIGHT}")
    is_tls = parts.scheme == "mqtts"
    user, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
    return Address(parts.hostname, port or (8883 if is_tls else 1883), is_tls, user, password)


class Broker:
    """A connection that is kept up by a thread of paho's."""

    def __init__(self, at: Address, topics: Topics) -> None:
        try:
            from paho.mqtt import client as paho
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError as error:
            raise extra_missing("publish", "paho-mqtt", "mqtt") from error
        self._at, self._status = at, topics.status
        self._is_failing = False
        self.has_news = threading.Event()
        """Set when a connection was made, so that all must be sent again."""
        self._client: Any = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"solar-{topics.slug}")
        self._client.will_set(self._status, OFFLINE, qos=1, retain=True)
        self._client.reconnect_delay_set(FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS)
        if at.user:
            self._client.username_pw_set(at.user, at.password)
        if at.is_tls:
            self._client.tls_set_context(ssl.create_default_context())
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_connect_fail = self._on_connect_fail

    def start(self) -> None:
        """Begin to connect, and go on doing so."""
        self._client.connect_async(self._at.host, self._at.port, KEEPALIVE_SECONDS)
        self._client.loop_start()

    def publish(self, topic: str, payload: str) -> bool:
        """Send a retained message; whether there was a connection to send it by."""
        if not self._client.is_connected():
            return False
        self._client.publish(topic, payload, qos=1, retain=True)
        return True

    def stop(self) -> None:
        """Say "offline" and end."""
        if self._client.is_connected():
            self._client.publish(self._status, OFFLINE, qos=1, retain=True).wait_for_publish(FAREWELL_SECONDS)
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: Any, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._failing(str(reason).lower())
            return
        self._client.publish(self._status, ONLINE, qos=1, retain=True)
        self._is_failing = False
        log.info("connected to the MQTT broker at %s", self._at)
        self.has_news.set()

    def _on_disconnect(self, client: Any, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._failing(str(reason).lower())

    def _on_connect_fail(self, client: Any, userdata: Any) -> None:
        self._failing("no connection")

    def _failing(self, why: str) -> None:
        if not self._is_failing:
            log.warning("cannot reach the MQTT broker at %s: %s; trying again until it is back", self._at, why)
        self._is_failing = True
