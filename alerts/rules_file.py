"""Reads the rules file, alerts.toml. Names a mistake with its line, what is wrong, and what would be right.

bank_volts = 24

[battery_volts]
below = 23.6
back_above = 24.8

[upload]
enabled = false
"""

import logging
import re
import tomllib
from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from alerts.rules import BANK_VOLTS, BY_NAME, Rules
from journal.errors import BadSetting, JournalFull

log = logging.getLogger(__name__)

_TABLE = re.compile(r"\s*\[\s*([^\]]+?)\s*\]")
_PAIR = re.compile(r"\s*([A-Za-z0-9_\"'-]+)\s*=")
_AT = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)")


def read(path: Path) -> str:
    """The file's text; empty if there is no such file. Raises BadSetting."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeError as error:
        raise BadSetting(f"cannot read {path}: it is not a text file in UTF-8; save it as one") from error
    except OSError as error:
        remedy = (
            "every user should be able to read it" if isinstance(error, PermissionError) else "name a file of rules"
        )
        raise BadSetting(f"cannot read {path}: {(error.strerror or str(error)).lower()}; {remedy}") from error


def parse(text: str, name: str) -> Rules:
    """The rules in this text. Raises BadSetting for the first mistake."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT.fullmatch(str(error))
        line = int(found[2]) if found and found[2] else len(text.splitlines())
        words = found[1] if found else str(error)
        raise _mistake(name, line, words[:1].lower() + words[1:], "write `name = number` or `[rule]` there") from None
    return _Reader(text, name).rules(content)


class RulesFile:
    """The file, read again when it changes. While it has a mistake, the old rules stay in force, even after a
    restart."""

    def __init__(self, path: Path, good_text: str | None, note: Callable[[str], None]) -> None:
        """`good_text`: the last text without a mistake; `note` stores one."""
        self._path = path
        self._good_text = good_text
        self._note = note
        self._seen: str | None = None
        self._told = ""
        self._rules = Rules()

    def rules(self) -> Rules:
        """The rules in force."""
        try:
            text = read(self._path)
            if text == self._seen:
                return self._rules
            self._seen = text
            self._rules = parse(text, str(self._path))
            self._told = ""
            if text != self._good_text:
                with suppress(JournalFull):  # then a restart uses the ones before
                    self._note(text)
                self._good_text = text
                words = (
                    "the rules of %s are in force" if text else "the default rules are in force; there are none in %s"
                )
                log.info(words, self._path)
        except BadSetting as error:
            if str(error) != self._told:
                self._told = str(error)
                log.error("%s (the old rules stay in force until it is fixed)", error)
                self._rules = self._last_good()
        return self._rules

    def _last_good(self) -> Rules:
        try:
            return parse(self._good_text or "", str(self._path))
        except BadSetting:  # it was good for another version of this program
            return Rules()


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._lines: dict[tuple[str, str], int] = {}
        table = ""
        for number, line in enumerate(text.splitlines(), start=1):
            if found := _TABLE.match(line):
                table = found[1].strip("\"'")
                self._lines.setdefault((table, ""), number)
            elif found := _PAIR.match(line):
                self._lines.setdefault((table, found[1].strip("\"'")), number)

    def rules(self, content: dict[str, Any]) -> Rules:
        bank_volts, given, off = None, {}, set()
        for name, value in content.items():
            if name == "bank_volts":
                bank_volts = self._bank_volts(value)
            elif name not in BY_NAME:
                raise self._unknown("", name, ["bank_volts", *BY_NAME], "rule")
            elif not isinstance(value, dict):
                raise self._wrong(
                    "", name, f"{name} is a rule and needs a heading", f"write [{name}] on a line of its own"
                )
            else:
                given[name] = self._numbers(name, value)
                if not self._is_enabled(name, value):
                    off.add(name)
        return Rules(bank_volts, given, frozenset(off))

    def _numbers(self, rule: str, table: dict[str, Any]) -> dict[str, float]:
        keys, numbers = BY_NAME[rule].keys, {}
        for name, value in table.items():
            if name == "enabled":
                continue
            if name not in keys:
                raise self._unknown(rule, name, ["enabled", *keys], f"setting of [{rule}]")
            key = keys[name]
            right = f"give a number from {key.lowest:g} to {key.highest:g}: {key.meaning}"
            if isinstance(value, bool) or not isinstance(value, int | float) or not key.lowest <= value <= key.highest:
                raise self._wrong(rule, name, f"{name} cannot be {value!r}", right)
            numbers[name] = float(value)
        below, above = (
            numbers.get(each, keys[each].default if each in keys else None) for each in ("below", "back_above")
        )
        if below is not None and above is not None and above <= below:
            at = "back_above" if "back_above" in numbers else "below"
            raise self._wrong(
                rule, at, f"back_above is {above:g}, not above below = {below:g}", "give a back_above that is higher"
            )
        return numbers

    def _is_enabled(self, rule: str, table: dict[str, Any]) -> bool:
        value = table.get("enabled", True)
        if not isinstance(value, bool):
            raise self._wrong(rule, "enabled", f"enabled cannot be {value!r}", "give true or false")
        return value

    def _bank_volts(self, value: object) -> int:
        if value not in BANK_VOLTS or isinstance(value, bool):
            choices = f"{', '.join(map(str, BANK_VOLTS[:-1]))} or {BANK_VOLTS[-1]}"
            raise self._wrong("", "bank_volts", f"bank_volts cannot be {value!r}", f"give {choices}")
        return int(str(value))

    def _unknown(self, table: str, name: str, known: list[str], what: str) -> BadSetting:
        close = get_close_matches(name, known, n=1)
        right = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
        return self._wrong(table, name, f"there is no {what} named {name}", right)

    def _wrong(self, table: str, name: str, wrong: str, right: str) -> BadSetting:
        line = self._lines.get((table, name)) or self._lines.get((name, "")) or self._lines.get((table, "")) or 1
        return _mistake(self._name, line, wrong, right)


def _mistake(name: str, line: int, wrong: str, right: str) -> BadSetting:
    return BadSetting(f"cannot use {name}, line {line}: {wrong}; {right}")
