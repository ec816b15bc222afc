"""The rules: what people are told, and the limits if the rules file does not set them.

Each rule has an `alert`, sent once when it begins, and a "back to normal", sent once when it is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

BANK_VOLTS = (12, 24, 32, 36, 48)
LOW_VOLTS_12, BACK_VOLTS_12 = 11.8, 12.4
"""At rest: about a quarter full, and about half full. The dashboards' alarm has the same limit
(dashboards/panels.py)."""


@dataclass(frozen=True, slots=True)
class Key:
    """A number in the rules file: its default (None: depends on the battery), what is allowed, and what it means."""

    default: float | None
    lowest: float
    highest: float
    meaning: str


@dataclass(frozen=True, slots=True)
class Rule:
    """`alert` and `normal` are the titles of its two messages."""

    name: str
    alert: str
    normal: str
    keys: Mapping[str, Key]


def _minutes(default: float, meaning: str) -> Key:
    return Key(default, 0, 7 * 24 * 60, meaning)


_STEADY = _minutes(5, "this many minutes must pass without it before it counts as over")

RULES = (
    Rule(
        "battery_volts",
        "battery voltage low",
        "battery voltage back to normal",
        {
            "below": Key(None, 1, 100, "volts"),
            "back_above": Key(None, 1, 100, "volts, above `below`"),
            "for_minutes": _minutes(10, "the voltage is averaged over this many minutes"),
        },
    ),
    Rule(
        "state_of_charge",
        "battery charge low",
        "battery charge back to normal",
        {
            "below": Key(50, 0, 127, "percent, the regulator's estimate"),
            "back_above": Key(60, 0, 127, "percent, above `below`"),
            "for_minutes": _minutes(10, "the percentage is averaged over this many minutes"),
        },
    ),
    Rule(
        "not_full",
        "battery not full for days",
        "battery full again",
        {"days": Key(10, 0.1, 365, "days since the regulator last reached float")},
    ),
    Rule(
        "regulator_silent",
        "no readings",
        "readings are back",
        {"minutes": _minutes(15, "minutes without a reading"), "back_minutes": _STEADY},
    ),
    Rule("load_cut_off", "load cut off", "load connected again", {"back_minutes": _STEADY}),
    Rule("battery_alarm", "the regulator's alarm is on", "the regulator's alarm is off", {"back_minutes": _STEADY}),
    Rule(
        "disk",
        "the disk needs attention",
        "the disk is fine again",
        {"free_megabytes": Key(200, 1, 1e6, "megabytes that should be free"), "back_minutes": _STEADY},
    ),
    Rule(
        "clock",
        "the clock needs attention",
        "the clock is right again",
        {"hours": Key(24, 0.1, 8760, "hours without a confirmed clock"), "back_minutes": _STEADY},
    ),
    Rule(
        "upload",
        "the upload needs attention",
        "the upload works again",
        {"hours": Key(24, 0.1, 8760, "hours in which nothing could be sent"), "back_minutes": _STEADY},
    ),
)

BY_NAME = {rule.name: rule for rule in RULES}


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits in force: those from the rules file, by rule and key; and the rules that are off."""

    bank_volts: int | None = None
    given: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: MappingProxyType({}))
    off: frozenset[str] = frozenset()

    def limits(self, name: str, bank_volts: int | None) -> dict[str, float] | None:
        """A rule's numbers; None if it is off, or if its limit is not known. `bank_volts`: the regulator's setting."""
        if name in self.off:
            return None
        limits = {key: each.default for key, each in BY_NAME[name].keys.items()} | dict(self.given.get(name, {}))
        volts = self.bank_volts or bank_volts
        if name == "battery_volts" and volts:
            below = limits["below"] or round(LOW_VOLTS_12 * volts / 12, 2)
            back_above = limits["back_above"]
            if back_above is None or back_above <= below:
                back_above = round(below + (BACK_VOLTS_12 - LOW_VOLTS_12) * volts / 12, 2)
            limits |= {"below": below, "back_above": back_above}
        known = {key: value for key, value in limits.items() if value is not None}
        return known if len(known) == len(limits) else None
