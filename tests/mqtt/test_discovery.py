"""Discovery messages, held against what Home Assistant documents; energy, names, and what is not sent."""

import json
from typing import Any

import jsonschema
import pytest

from journal.errors import BadSetting
from mqtt.broker import Address, address
from mqtt.discovery import Topics, configs
from mqtt.energy import Energies

UNIT = "unit_of_measurement"
STATE_CLASSES = ["measurement", "total", "total_increasing"]
UNITS = {
    "voltage": ["V", "mV", "µV", "kV", "MV"],
    "current": ["A", "mA"],
    "power": ["mW", "W", "kW", "MW", "GW", "TW"],
    "energy": ["J", "kJ", "MJ", "GJ", "mWh", "Wh", "kWh", "MWh", "GWh", "TWh", "cal", "kcal", "Mcal", "Gcal"],
    "temperature": ["°C", "°F", "K"],
    "battery": ["%"],
}
"""Device classes of sensors with their units: developers.home-assistant.io/docs/core/entity/sensor."""

COMMON = {
    "name": {"type": ["string", "null"]},
    "unique_id": {"type": "string"},
    "state_topic": {"type": "string", "pattern": "^[^#+]+$"},
    "value_template": {"type": "string"},
    "availability_topic": {"type": "string", "pattern": "^[^#+]+$"},
    "payload_available": {"type": "string"},
    "payload_not_available": {"type": "string"},
    "expire_after": {"type": "integer", "minimum": 0},
    "qos": {"enum": [0, 1, 2]},
    "device_class": {"type": "string"},
    "device": {
        "type": "object",
        "required": ["identifiers"],
        "additionalProperties": False,
        "properties": {
            "identifiers": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            **{name: {"type": "string"} for name in ("name", "manufacturer", "model", "sw_version")},
        },
    },
    "origin": {
        "type": "object",
        "required": ["name"],
        "additionalProperties": False,
        "properties": {name: {"type": "string"} for name in ("name", "sw_version", "support_url")},
    },
}
"""home-assistant.io/integrations/mqtt, /sensor.mqtt and /binary_sensor.mqtt, as far as it is used here."""


def with_class(device_class: str, then: dict[str, Any]) -> dict[str, Any]:
    wanted = {"required": ["device_class"], "properties": {"device_class": {"const": device_class}}}
    return {"if": wanted, "then": then}


def schema(component: str) -> dict[str, Any]:
    if component == "binary_sensor":
        own: dict[str, Any] = {"payload_on": {"type": "string"}, "payload_off": {"type": "string"}}
        rules = [{"properties": {"device_class": {"enum": ["problem", "running"]}}}]
    else:
        own = {
            "unit_of_measurement": {"type": "string"},
            "state_class": {"enum": STATE_CLASSES},
            "options": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        }
        no_unit = {"not": {"anyOf": [{"required": ["unit_of_measurement"]}, {"required": ["state_class"]}]}}
        rules = [
            {"properties": {"device_class": {"enum": [*UNITS, "enum", "timestamp"]}}},
            *(
                with_class(name, {"properties": {"unit_of_measurement": {"enum": units}}, "required": [UNIT]})
                for name, units in UNITS.items()
            ),
            with_class("enum", {"allOf": [{"required": ["options"]}, no_unit]}),
            with_class("timestamp", no_unit),
            with_class("energy", {"properties": {"state_class": {"enum": ["total", "total_increasing"]}}}),
            {"if": {"required": ["options"]}, "then": {"properties": {"device_class": {"const": "enum"}}}},
        ]  # fmt: skip
    return {
        "type": "object",
        "required": ["state_topic", "unique_id", "device", "origin"],
        "additionalProperties": False,
        "properties": COMMON | own,
        "allOf": rules,
    }


CONFIGS = configs(Topics("hut"), "PL80", "0.2.0")


@pytest.mark.parametrize("topic", CONFIGS)
def test_each_message_is_as_home_assistant_documents_it(topic: str) -> None:
    prefix, component, node, name, last = topic.split("/")
    assert (prefix, node, last) == ("homeassistant", "solar_hut", "config")
    assert all(part.replace("_", "").replace("-", "").isalnum() for part in (node, name))
    jsonschema.validate(json.loads(json.dumps(CONFIGS[topic])), schema(component))


def test_the_schema_finds_a_wrong_unit() -> None:
    config = json.loads(json.dumps(CONFIGS["homeassistant/sensor/solar_hut/charge_watt_hours/config"]))
    for wrong in ({"unit_of_measurement": "Ah"}, {"state_class": "measurement"}, {"unit": "Wh"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(config | wrong, schema("sensor"))


def test_the_energy_dashboard_finds_what_it_needs() -> None:
    """A sensor of class energy in Wh or kWh that only rises: home-assistant.io/docs/energy/faq."""
    energy = [config for config in CONFIGS.values() if config.get("device_class") == "energy"]
    assert [(config["unit_of_measurement"], config["state_class"]) for config in energy] == [
        ("Wh", "total_increasing")
    ] * 2


def test_no_two_values_have_one_name() -> None:
    assert len({config["unique_id"] for config in CONFIGS.values()}) == len(CONFIGS)


def test_two_sites_never_share_a_topic() -> None:
    names = ["hut", "Hütte", "Hötte", "a/b", "a b", "a+b", "a#b", "a_b"]
    slugs = {Topics(name).slug for name in names}
    assert len(slugs) == len(names)
    assert not any(letter in slug for slug in slugs for letter in "/+# ")


def test_energy_rises_until_the_regulators_midnight_and_begins_anew() -> None:
    energies = Energies()
    energies.add([(10.0, None, 25.0), (12.0, 3.0, 26.0), (12.0, 3.0, None), (11.0, 5.0, 24.0)])
    assert energies.values() == {"charge_watt_hours": 264.0, "load_watt_hours": 126.0}
    energies.add([(0.0, 0.0, 24.0), (2.0, 0.0, 24.5)])
    assert energies.values() == {"charge_watt_hours": 49.0, "load_watt_hours": 0.0}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://broker", Address("broker", 1883, False, None, None)),
        ("mqtts://me:a%40b@broker:8884/", Address("broker", 8884, True, "me", "a@b")),
        ("mqtts://broker", Address("broker", 8883, True, None, None)),
    ],
)
def test_an_address(url: str, expected: Address) -> None:
    assert address(url) == expected


@pytest.mark.parametrize(
    "url", ["", "broker:1883", "http://me:secret@broker", "mqtt://me:secret@broker:port", "mqtt://"]
)
def test_a_wrong_address_says_what_would_be_right_and_not_the_password(url: str) -> None:
    with pytest.raises(BadSetting, match="mqtt://USER:PASSWORD@HOST:1883") as raised:
        address(url)
    assert "secret" not in str(raised.value)
