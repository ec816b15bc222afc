"""The whole simulation: site, regulator, PLI and cable, with one clock and one lock."""

import threading
from dataclasses import replace
from random import Random
from typing import Any

from simulator.addresses import SCREEN_SOLV, SETTINGS, SETTINGS_END
from simulator.clock import Clock, wall_clock
from simulator.faults import Faults
from simulator.history import HistoryDay, decode_history
from simulator.line import Line
from simulator.options import SimulatorOptions
from simulator.pli import Pli
from simulator.regulator import Regulator
from simulator.settings import system_volts
from simulator.site import ALL_OFF, TICK_SECONDS, Site
from simulator.truth import Truth, decode_truth


class Simulator:
    """Safe to use from several threads. Every call first brings the site up to the clock's present time."""

    def __init__(self, options: SimulatorOptions | None = None, *, clock: Clock | None = None) -> None:
        """`clock` gives simulated seconds since the start; without it, real seconds times the options' speed."""
        self.options = options or SimulatorOptions()
        self._clock = clock or wall_clock(self.options.speed)
        self._lock = threading.RLock()
        self._ticks = 0
        self._site = Site(self.options)
        self._regulator = self._new_regulator()
        random = Random(f"line {self.options.seed}")
        self._pli = Pli(
            lambda: self._regulator,
            random,
            speed=self.options.speed,
            answer_seconds=self.options.answer_seconds,
            unplugged_code=self.options.unplugged_code,
        )
        self._line = Line(self._pli, random, speed=self.options.speed, late_seconds=self.options.late_seconds)
        self.faults = self.options.faults

    # The cable. Moments are real seconds, of one monotonic clock.

    def receive(self, content: bytes, at: float) -> None:
        """Bytes from the computer."""
        with self._lock:
            self._advance()
            self._line.receive(content, at)

    def due(self, at: float) -> list[bytes]:
        """Bytes for the computer, in the pieces in which they arrive."""
        with self._lock:
            return self._line.due(at)

    def next_at(self) -> float | None:
        """When something will be due, if nothing arrives before."""
        with self._lock:
            return self._line.next_at()

    def reconnect(self) -> None:
        """Another computer, or none: what was on its way is lost, and the PLI goes cold if that fault is set."""
        with self._lock:
            self._line.clear()
            if self.faults.cold:
                self._pli.chill()

    # What can be seen.

    def truth(self) -> Truth:
        """What a perfect reading would show at this moment."""
        with self._lock:
            options = self.options
            return decode_truth(self.ram(), options.model, options.charge_step, options.load_step)

    def history(self) -> list[HistoryDay]:
        """The daily records, yesterday's first."""
        with self._lock:
            return decode_history(self.eeprom(), system_volts(self.ram()))

    def ram(self) -> bytes:
        """All 256 bytes at this moment."""
        with self._lock:
            self._advance()
            return bytes(map(self._regulator.read_ram, range(256)))

    def eeprom(self) -> bytes:
        """All 256 bytes at this moment."""
        with self._lock:
            self._advance()
            return bytes(self._regulator.eeprom)

    # What a person could do.

    @property
    def faults(self) -> Faults:
        """What is wrong with the line; may be set at any time."""
        return self._line.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        with self._lock:
            self._set_faults(faults)
            if faults.cold:
                self._pli.chill()
            else:
                self._pli.warm()

    def unplug(self) -> None:
        """Disconnect the regulator from the PLI."""
        with self._lock:
            self._set_faults(replace(self.faults, unplugged=True))

    def plug_in(self) -> None:
        """Connect it again."""
        with self._lock:
            self._set_faults(replace(self.faults, unplugged=False))

    def chill(self) -> None:
        """Let the PLI go cold, as if the computer's port had lost its power for a moment."""
        with self._lock:
            self._pli.chill()

    def power_cycle(self) -> None:
        """Take the regulator's power away for a moment: its clock starts at 0.0 h, and the day's figures are gone."""
        with self._lock:
            self._advance()
            self._regulator.power_cycle()

    def press_solv(self) -> None:
        """Look at the SOLV screen, for up to 16 minutes; during that time the panels are disconnected."""
        self.show_screen(SCREEN_SOLV)

    def leave_solv(self) -> None:
        """Go back to the battery's voltage."""
        self.show_screen(0)

    def show_screen(self, screen: int) -> None:
        """Turn to any screen, by its number in the manual."""
        with self._lock:
            self._advance()
            self._regulator.show_screen(screen)

    def push(self, *, is_long: bool = False) -> None:
        """Push the button; a long push on screen 28, 29, 31 or 32 clears that Ah counter."""
        with self._lock:
            self._advance()
            self._regulator.push(is_long=is_long)

    def set_clock(self, seconds: float) -> None:
        """Set the regulator's time of day, in seconds since midnight."""
        with self._lock:
            self._advance()
            self._regulator.set_clock(seconds)

    def change_setting(self, address: int, value: int) -> None:
        """Change a setting at the front panel; `address` is that of its RAM copy, 64 to 94."""
        if not SETTINGS <= address < SETTINGS_END:
            raise ValueError(f"cannot change setting {address}: settings are at {SETTINGS} to {SETTINGS_END - 1}")
        with self._lock:
            self._advance()
            self._regulator.change_setting(address, value)

    def swap_regulator(self, **changes: Any) -> None:
        """Put another regulator in its place, with these options changed: swap_regulator(model="PL60", seed=2)."""
        with self._lock:
            self._advance()
            self.options = replace(self.options, **changes)
            self._regulator = self._new_regulator()

    def _new_regulator(self) -> Regulator:
        hours = self.options.start_hour + self.options.clock_offset_hours
        return Regulator(self.options, hours * 3600 + self._ticks * TICK_SECONDS, self._site.step(ALL_OFF))

    def _advance(self) -> None:
        due = int(self._clock() // TICK_SECONDS)
        while self._ticks < due:
            self._ticks += 1
            self._regulator.tick(self._site.step(self._regulator.switches))

    def _set_faults(self, faults: Faults) -> None:
        self._line.faults = faults
        self._pli.is_unplugged = faults.unplugged
        self._pli.is_silent = faults.silent
