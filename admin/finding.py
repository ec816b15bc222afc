"""What one check of `solar doctor` found: what was looked at, the verdict, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum

TITLES = {
    "port": "Serial port",
    "holder": "Who uses it",
    "adapter": "Adapter (PLI)",
    "regulator": "Regulator (PL)",
    "model": "Model",
    "regulator_clock": "Regulator's clock",
    "readings": "Readings",
    "journal": "Journal",
    "aside": "Set aside",
    "sqlite": "SQLite",
    "disk": "Disk",
    "card": "Speed of the disk",
    "computer": "Computer",
    "power": "Power supply",
    "temperature": "Temperature",
    "clock": "Computer's clock",
    "names": "Names of settings",
    "settings": "Upload settings",
    "proxy": "Proxy",
    "dns": "Server's name",
    "certificate": "Certificate",
    "server": "Server",
    "token": "Token",
    "bucket": "Bucket",
    "retention": "Retention",
    "uploads": "Uploads",
    "backlog": "Backlog",
    "dead_letters": "Refused records",
}
"""The names of the checks, for machines and for people."""


class Verdict(StrEnum):
    """`look`: it works, but a person should know. `skipped`: it could not be looked at, which is no fault by itself."""

    OK = "ok"
    LOOK = "look"
    BAD = "bad"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """`name` is one of TITLES; `found` and `remedy` are a few plain words each, to be read out over the phone."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""

    @property
    def title(self) -> str:
        return TITLES[self.name]


def ok(name: str, found: str) -> Finding:
    return Finding(name, Verdict.OK, found)


def look(name: str, found: str, remedy: str) -> Finding:
    return Finding(name, Verdict.LOOK, found, remedy)


def bad(name: str, found: str, remedy: str) -> Finding:
    return Finding(name, Verdict.BAD, found, remedy)


def skipped(name: str, found: str, remedy: str = "") -> Finding:
    return Finding(name, Verdict.SKIPPED, found, remedy)


def bad_by(name: str, error: Exception) -> Finding:
    """One of our errors: "cannot do this: cause; what to do"."""
    found, _, remedy = str(error).partition("; ")
    return bad(name, found, remedy)
