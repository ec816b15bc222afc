"""The result of one check of `solar doctor`: what was found, the verdict, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor. `number` never changes: people say it over the phone."""

    number: int
    title: str


# fmt: off
CHECKS = {
    # the line
    "port":             Check(1, "Serial port"),
    "holder":           Check(2, "Who uses it"),
    "adapter":          Check(3, "Adapter (PLI)"),
    "regulator":        Check(4, "Regulator (PL)"),
    "model":            Check(5, "Model"),
    "regulator_clock":  Check(6, "Regulator's clock"),
    "calibration":      Check(7, "Current steps"),
    "line":             Check(8, "Damage on the line"),
    # the journal and its disk
    "data":             Check(10, "Data directory"),
    "readings":         Check(11, "Readings"),
    "journal":          Check(12, "Journal"),
    "aside":            Check(13, "Set aside"),
    "sqlite":           Check(14, "SQLite"),
    "disk":             Check(15, "Disk"),
    "card":             Check(16, "Speed of the disk"),
    # the computer
    "computer":         Check(21, "Computer"),
    "power":            Check(22, "Power supply"),
    "temperature":      Check(23, "Temperature"),
    "clock":            Check(24, "Computer's clock"),
    # the settings and the server
    "names":            Check(30, "Names of settings"),
    "settings":         Check(31, "Upload settings"),
    "proxy":            Check(32, "Proxy"),
    "dns":              Check(33, "Server's name"),
    "certificate":      Check(34, "Certificate"),
    "server":           Check(35, "Server"),
    "token":            Check(36, "Token"),
    "bucket":           Check(37, "Bucket"),
    "retention":        Check(38, "Retention"),
    # the upload
    "uploads":          Check(41, "Uploads"),
    "backlog":          Check(42, "Backlog"),
    "dead_letters":     Check(43, "Refused records"),
}
# fmt: on
"""The checks by their names for programs, in the order in which they are shown.

A new check gets a free number in its group, and a row in docs/doctor.md. A number never gets another meaning.
"""


def see(name: str) -> str:
    """Points to another check: see line 12 (Journal)."""
    check = CHECKS[name]
    return f"see line {check.number} ({check.title})"


class Verdict(StrEnum):
    """`look`: it works, but a person should know. `skipped`: it could not be checked, which alone is not a fault."""

    OK = "ok"
    LOOK = "look"
    BAD = "bad"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """`name` is one of CHECKS; `found` and `remedy` are a few plain words each, to be read out over the phone."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""

    @property
    def number(self) -> int:
        return CHECKS[self.name].number

    @property
    def title(self) -> str:
        return CHECKS[self.name].title


def ok(name: str, found: str) -> Finding:
    return Finding(name, Verdict.OK, found)


def look(name: str, found: str, remedy: str) -> Finding:
    return Finding(name, Verdict.LOOK, found, remedy)


def bad(name: str, found: str, remedy: str) -> Finding:
    return Finding(name, Verdict.BAD, found, remedy)


def skipped(name: str, found: str, remedy: str = "") -> Finding:
    return Finding(name, Verdict.SKIPPED, found, remedy)


def bad_from(name: str, error: Exception | str, otherwise: str = "") -> Finding:
    """From one of our errors: "cannot do this: cause; what to do". `otherwise`: what to do if it does not say."""
    found, _, remedy = str(error).partition("; ")
    if found.endswith("the disk is full"):
        remedy = f"{remedy}, {see('disk')}"
    return bad(name, found, remedy or otherwise)
