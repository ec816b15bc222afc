"""The regulator: memory, clock and charge cycle, in ticks of two seconds.

    every tick        measure, count, regulate
    every minute      alarm, load, generator; the display sleeps after 16 of them
    every 6 minutes   EEPROM 14-44 -> RAM 64-94; the EEPROM is locked again; the panels' open voltage is sampled
    midnight          first tick: the day's record is written, its figures are cleared; second tick: the pointer moves
                      (`pointer_first`: the other way round)

The SOLV screen disconnects the panels while it is shown: their open voltage is current, and no charge flows.
A power cycle resets the clock to 0.0 h and clears the day's figures; history and settings survive. It writes no record,
and the state of charge starts again at 100 % (choices).
"""

from random import Random

from simulator import addresses as at
from simulator import history
from simulator.charge import FLOAT
from simulator.counters import DayCounters
from simulator.meters import Meters
from simulator.options import SimulatorOptions
from simulator.registers import show, show_clock, ticks_of_clock
from simulator.settings import CALIBRATION, capacity_amp_hours, settings_eeprom, system_volts
from simulator.site import TICK_SECONDS, Flows, Switches
from simulator.state import State

TICKS_A_DAY = 43_200
TICKS_A_MINUTE = 30
TICKS_A_BLOCK = 180
NINE_O_CLOCK = 9 * 3600 // TICK_SECONDS
MINUTES_TO_SLEEP = 16

SETTING_REFRESH, SOLAR_DISCONNECT, TWO_SECOND_CYCLE = 0x80, 0x10, 0x01


class Regulator:
    """One PL20, PL40, PL60 or PL80."""

    def __init__(self, options: SimulatorOptions, clock_seconds: float, flows: Flows) -> None:
        """`clock_seconds` is what its own clock shows at the start, `flows` what it measures at the start."""
        self._options = options
        self.eeprom = settings_eeprom(options)
        history.fill_history(self.eeprom, options.history_days, options.bank_amp_hours, options.seed)
        self.ram = bytearray(256)
        self._state = self._power_up(int(clock_seconds // TICK_SECONDS) % TICKS_A_DAY, Meters(flows))
        self._state.balance.amp_hours = (options.battery_percent / 100 - 1) * options.bank_amp_hours
        self._is_shown = False

    @property
    def is_solar_disconnected(self) -> bool:
        """Whether somebody is looking at the SOLV screen."""
        return self.ram[at.DSTATE] == at.SCREEN_SOLV and self.ram[at.DTIME] < MINUTES_TO_SLEEP

    @property
    def switches(self) -> Switches:
        """What it does to the hardware around it."""
        return Switches(
            target_volts=self._state.charge.target_tenths(self.ram) / 10,
            limit_amps=self.ram[at.CURLIM] * self._options.charge_step,
            is_solar_connected=not self.is_solar_disconnected,
            is_load_connected=not self._state.outputs.is_load_off,
            is_generator_on=self._state.outputs.is_generator_on,
        )

    def tick(self, flows: Flows) -> None:
        """Let two seconds pass with these flows."""
        self._is_shown = False
        state, meters, is_disconnected = self._state, self._state.meters, self.is_solar_disconnected
        state.ticks = (state.ticks + 1) % TICKS_A_DAY
        meters.measure(flows, is_solar_connected=not is_disconnected)
        if state.ticks % TICKS_A_MINUTE == 0:
            self._minute()
        if state.ticks == 0 or state.is_midnight_half_done:
            self._midnight()
        charge, load = meters.charge_amps, meters.load_amps
        external_charge = meters.external_charge_amps if self._options.external_charge else 0.0
        external_load = meters.external_load_amps if self._options.external_load else 0.0
        state.counters.add(charge, external_charge, load, external_load, meters.slow_tenths)
        state.balance.add(charge + external_charge - load - external_load, capacity_amp_hours(self.ram[at.BCAP]))
        if state.charge.tick(meters.tenths, self.ram, TICK_SECONDS) and state.charge.state == FLOAT:
            state.counters.float_tenths = state.ticks // TICKS_A_BLOCK
            if meters.duty < 0.25:
                state.balance.fill()
        if is_disconnected:
            state.sampled_solar_volts = meters.solar_open_volts * self._cells()

    def read_ram(self, address: int) -> int:
        """The byte at `address`, 0 to 255."""
        if not self._is_shown:
            self._is_shown = True
            show(self._state, self._options, self.ram)
            update = SOLAR_DISCONNECT if self.is_solar_disconnected else 0
            update |= SETTING_REFRESH if self._state.ticks % TICKS_A_BLOCK == 0 else 0
            self.ram[at.UPDATE] = update | self._state.ticks & TWO_SECOND_CYCLE
        return self.ram[address]

    def read_eeprom(self, address: int) -> int:
        """The byte at `address`, 0 to 255."""
        return self.eeprom[address]

    def write_ram(self, address: int, value: int) -> None:
        """Set a byte; a live register is overwritten within two seconds. Setting the clock writes no record."""
        self.read_ram(address)
        self.ram[address] = value
        if address in (at.SEC, at.MIN, at.HOUR):
            self._state.ticks = ticks_of_clock(self.ram)

    def write_eeprom(self, address: int, value: int) -> None:
        """Set a byte if RAM 226 was set to 1 just before; otherwise nothing happens, without an error."""
        if self.ram[at.UNLOCK] & 1:
            self.eeprom[address] = value
        self.ram[at.UNLOCK] = 0

    def push(self, *, is_long: bool) -> None:
        """The button. A short push wakes the display; a long one clears what the screen shows, if it can be cleared."""
        self._is_shown = False
        screen = self.ram[at.DSTATE]
        if not is_long:
            self.ram[at.DTIME] = 0
        elif screen == at.SCREEN_SOC:
            self._state.balance.fill()
        elif screen in at.SCREENS_AH:
            self._state.counters.clear(at.SCREENS_AH.index(screen))

    def show_screen(self, screen: int) -> None:
        """Somebody turns the knob: the display wakes, and shows this screen."""
        self._is_shown = False
        self.ram[at.DTIME] = 0
        self.ram[at.DSTATE] = screen
        if self.is_solar_disconnected:
            self._state.meters.charge_amps = 0.0

    def set_clock(self, seconds: float) -> None:
        """Set the regulator's time of day."""
        self._is_shown = False
        self._state.ticks = int(seconds // TICK_SECONDS) % TICKS_A_DAY

    def change_setting(self, address: int, value: int) -> None:
        """Change a setting as its menu does: in the EEPROM, and at once in the RAM."""
        self._is_shown = False
        self.eeprom[address - at.SETTINGS + at.EEPROM_SETTINGS] = self.ram[address] = value

    def power_cycle(self) -> None:
        """Take the power away for a moment."""
        self._is_shown = False
        self._state = self._power_up(0, self._state.meters)

    def _power_up(self, ticks: int, meters: Meters) -> State:
        # Undocumented registers hold fixed random values (choice).
        self.ram[:] = Random(f"ram {self._options.seed}").randbytes(256)
        version = self._options.version
        self.ram[at.VERSION] = self._options.traits.version if version is None else version
        self.ram[at.BCALS : at.BCALS + 4] = CALIBRATION[:4]
        self.ram[at.DTIME], self.ram[at.DSTATE] = MINUTES_TO_SLEEP, 0
        self.ram[at.BMINL] = self.ram[at.BMAXL] = self.ram[at.UNLOCK] = 0
        self._copy_settings()
        show_clock(ticks, self.ram)
        return State(
            ticks,
            meters,
            DayCounters(meters.slow_tenths, meters.slow_tenths),
            sampled_solar_volts=meters.solar_open_volts * self._cells(),
        )

    def _copy_settings(self) -> None:
        self.ram[at.SETTINGS : at.SETTINGS_END] = self.eeprom[at.EEPROM_SETTINGS : at.EEPROM_POINTER]

    def _minute(self) -> None:
        state = self._state
        if self.ram[at.DTIME] < MINUTES_TO_SLEEP:
            self.ram[at.DTIME] += 1
            if self.ram[at.DTIME] == MINUTES_TO_SLEEP:
                self.ram[at.DSTATE] = 0
        state.outputs.minute(state.meters.tenths, self.ram, state.ticks // TICKS_A_BLOCK)
        if state.outputs.is_generator_on:
            state.days_since_generator = 0
        if state.ticks % TICKS_A_BLOCK == 0:
            self._copy_settings()
            self.ram[at.UNLOCK] = 0
            state.sampled_solar_volts = state.meters.solar_open_volts * self._cells()
        if state.ticks == NINE_O_CLOCK:
            state.charge.nine_o_clock(self.ram)

    def _midnight(self) -> None:
        state = self._state
        is_first_half = not state.is_midnight_half_done
        state.is_midnight_half_done = is_first_half
        if is_first_half:
            state.charge.midnight()
            state.days_since_generator = min(255, state.days_since_generator + 1)
        if is_first_half == self._options.pointer_first:
            history.advance_pointer(self.eeprom)
        else:
            self._write_day(days_ago=1 if self._options.pointer_first else 0)

    def _write_day(self, days_ago: int) -> None:
        counters = self._state.counters
        record = history.encode_record(
            max_tenths=min(255, round(counters.max_tenths)),
            min_tenths=min(255, round(counters.min_tenths)),
            float_tenths=counters.float_tenths,
            percent=self._state.balance.percent(capacity_amp_hours(self.ram[at.BCAP])),
            charge_amp_hours=counters.in_amp_hours(),
            load_amp_hours=counters.out_amp_hours(),
        )
        history.write_record(self.eeprom, record, days_ago)
        slow_tenths = self._state.meters.slow_tenths
        self._state.counters = DayCounters(slow_tenths, slow_tenths)

    def _cells(self) -> float:
        return system_volts(self.ram) / 12
