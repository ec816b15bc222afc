"""Finds what has changed at the regulator since it was last stored: model, system voltage, settings. Pure."""

from collections.abc import Collection, Mapping

from logger.events.change import Change
from logger.regulator.menu_settings import ADDRESSES, changes, decode_settings
from logger.regulator.models import model_of
from logger.regulator.registers import SOFTWARE_VERSION, SYSTEM, volts_of


class ChangeDetection:
    """Remembers RAM 0 and 93 and the last stored settings; tells which settings to read."""

    def __init__(self, reading: Mapping[int, int], settings: Mapping[int, int]) -> None:
        """The bytes of the newest reading, and of the newest settings_changed event; empty if there is none."""
        self._identity = {address: reading[address] for address in (SOFTWARE_VERSION, SYSTEM) if address in reading}
        self._settings = dict(settings)
        self._fresh: dict[int, int] = {}
        self._unread: list[int] = list(ADDRESSES)

    @property
    def unread(self) -> Collection[int]:
        """The settings still to be read, in order; empty when they are not due."""
        return tuple(self._unread)

    def look_again(self) -> None:
        """Read all settings again, from the first."""
        self._unread = list(ADDRESSES)
        self._fresh = {}

    def notice(self, ram: Mapping[int, int]) -> list[Change]:
        """The changes that a reading shows."""
        found = []
        version, known_version = ram.get(SOFTWARE_VERSION), self._identity.get(SOFTWARE_VERSION)
        if version is not None and known_version is not None and version != known_version:
            was, now = model_of(known_version).name, model_of(version).name
            found.append(
                Change("model_changed", f"another regulator: {was} → {now} (RAM 0: {known_version} → {version})")
            )
        system, known_system = ram.get(SYSTEM), self._identity.get(SYSTEM)
        if system is not None and known_system is not None and system != known_system:
            was_volts, now_volts = _volts(known_system), _volts(system)
            if was_volts != now_volts:
                words = f"system voltage {was_volts} → {now_volts} (RAM 93: {known_system} → {system})"
                found.append(Change("system_voltage_changed", words))
        seen = {address: ram[address] for address in (SOFTWARE_VERSION, SYSTEM) if address in ram}
        if self._identity | seen != self._identity:
            self.look_again()
        self._identity |= seen
        return found

    def take(self, address: int, value: int | None) -> None:
        """Note one setting; None if it could not be read."""
        self._unread.remove(address)
        if value is not None:
            self._fresh[address] = value

    def settings_changes(self) -> list[Change]:
        """Once all were read: the changes since they were last stored."""
        if self._unread or not self._fresh:
            return []
        fresh, self._fresh = self._settings | self._fresh, {}
        before, self._settings = self._settings, fresh
        if fresh == before:
            return []
        if not before:
            words = ", ".join(f"{name} {value}" for name, value in decode_settings(fresh).items())
            return [Change("settings_changed", f"settings as first read: {words}", fresh)]
        words = changes(before, fresh) or "some could be read for the first time"
        return [Change("settings_changed", f"settings changed: {words}", fresh)]


def _volts(raw: int) -> str:
    volts = volts_of({SYSTEM: raw})
    return f"{volts} V" if volts else f"unknown (code {raw & 0x0F})"
