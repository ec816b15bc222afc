"""Discovery: the messages by which Home Assistant finds the site's values, with device classes and units. Pure.

    homeassistant/sensor/solar_hut/battery_volts/config     one retained message for each value
    solar/hut/reading                                       the values themselves, as one JSON object
    solar/hut/status                                        "online", or "offline" as the last will

Sources: home-assistant.io/integrations/mqtt (discovery), /integrations/sensor.mqtt, /integrations/binary_sensor.mqtt;
developers.home-assistant.io/docs/core/entity/sensor (device and state classes).
The energy dashboard takes values of device class `energy` that only rise, and may start again at 0
(`total_increasing`).
"""

import re
import zlib
from dataclasses import dataclass

PREFIX = "homeassistant"
ONLINE, OFFLINE = "online", "offline"
SILENT_SECONDS = 900
"""Home Assistant shows a value as unavailable if no reading has come for this long."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One value of a reading: its name in the reading, and its name and kind in Home Assistant."""

    key: str
    name: str
    unit: str | None = None
    device_class: str | None = None
    state_class: str | None = None
    options: tuple[str, ...] = ()
    component: str = "sensor"


# fmt: off
ENTITIES = (
    Entity("battery_volts",           "Battery voltage",     "V",  "voltage",     "measurement"),
    Entity("state_of_charge_percent", "State of charge",     "%",  "battery",     "measurement"),
    Entity("charge_amps",             "Charge current",      "A",  "current",     "measurement"),
    Entity("load_amps",               "Load current",        "A",  "current",     "measurement"),
    Entity("charge_watts",            "Charge power",        "W",  "power",       "measurement"),
    Entity("load_watts",              "Load power",          "W",  "power",       "measurement"),
    Entity("charge_watt_hours",       "Charge energy today", "Wh", "energy",      "total_increasing"),
    Entity("load_watt_hours",         "Load energy today",   "Wh", "energy",      "total_increasing"),
    Entity("charge_amp_hours",        "Charged today",       "Ah", None,          "total_increasing"),
    Entity("load_amp_hours",          "Used today",          "Ah", None,          "total_increasing"),
    Entity("battery_celsius",         "Battery temperature", "°C", "temperature", "measurement"),
    Entity("solar_volts",             "Panel voltage",       "V",  "voltage",     "measurement"),
    Entity("regulator_state",         "Regulator",           None, "enum",        None,
           ("boost", "equalise", "absorption", "float")),
    Entity("time",                    "Last reading",        None, "timestamp"),
    Entity("load_disconnected",       "Load cut off",        None, "problem", component="binary_sensor"),
    Entity("alarm",                   "Battery alarm",       None, "problem", component="binary_sensor"),
    Entity("generator_running",       "Generator",           None, "running", component="binary_sensor"),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics with a site's values."""

    site: str

    @property
    def slug(self) -> str:
        """The site's name as a part of a topic; two names never become the same."""
        plain = re.sub("[^A-Za-z0-9_-]+", "_", self.site)
        return plain if plain == self.site else f"{plain}_{zlib.crc32(self.site.encode()):08x}"

    @property
    def status(self) -> str:
        return f"solar/{self.slug}/status"

    @property
    def reading(self) -> str:
        return f"solar/{self.slug}/reading"

    @property
    def days(self) -> str:
        return f"solar/{self.slug}/days"


def configs(topics: Topics, model: str | None, version: str) -> dict[str, dict[str, object]]:
    """The discovery messages, by topic."""
    node = f"solar_{topics.slug}"
    device = {"identifiers": [node], "name": f"Solar {topics.site}", "manufacturer": "Plasmatronics"}
    if model not in (None, "unknown"):
        device["model"] = str(model)
    origin = {"name": "solar-battery-monitoring", "sw_version": version}
    return {
        f"{PREFIX}/{entity.component}/{node}/{entity.key}/config": _config(entity, topics, node)
        | {"device": device, "origin": origin}
        for entity in ENTITIES
    }


def _config(entity: Entity, topics: Topics, node: str) -> dict[str, object]:
    config: dict[str, object] = {
        "name": entity.name,
        "unique_id": f"{node}_{entity.key}",
        "state_topic": topics.reading,
        # None: Home Assistant shows "unknown" for a value that the reading does not have.
        "value_template": f"{{{{ value_json.{entity.key} | default(None) }}}}",
        "availability_topic": topics.status,
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
        "expire_after": SILENT_SECONDS,
        "qos": 1,
    }
    if entity.component == "binary_sensor":
        config |= {"payload_on": "1", "payload_off": "0"}
    if entity.options:
        config["options"] = list(entity.options)
    optional = {
        "unit_of_measurement": entity.unit,
        "device_class": entity.device_class,
        "state_class": entity.state_class,
    }
    return config | {key: value for key, value in optional.items() if value is not None}
