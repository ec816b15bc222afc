"""A PL80 behind a PLI, in software; imports no other package of ours and shares no table with them.

For a command, in the foreground until `stop` (a threading.Event) is set:

    options = SimulatorOptions(model="PL80", speed=60, faults=Faults.parse("drop=0.01,split=0.1,cold"))
    run(options, on_ready=lambda port: print(port), stop=stop)                    # a pseudo-terminal: /dev/pts/5
    run(options, on_ready=…, stop=stop, link=Path("/tmp/pl80"))                   # and a symlink to it
    run(options, on_ready=…, stop=stop, tcp=("127.0.0.1", 0))                     # socket://127.0.0.1:43127

`port` is a value for SOLAR_PORT. Faults.parse and SimulatorOptions raise ValueError with one line for a person; run
raises OSError if the address or the link cannot be used.

For tests, in a separate thread:

    clock = HandClock()                                      # simulated time stands still until `advance`
    with RunningSimulator(SimulatorOptions(answer_seconds=(0, 0)), clock=clock) as running:
        open(running.port)                                   # or running.link, or a socket:// URL with tcp=…
        simulator = running.simulator
        clock.advance(6 * 3600)                              # six hours later; the next request does the work,
                                                             # which takes about half a second for each day
        simulator.truth()                                    # Truth: what a perfect reading would say, field by field
        simulator.history()                                  # the daily records, yesterday first: list[HistoryDay]
        simulator.faults = Faults.parse("garble=0.05")       # from now on
        running.pull_cable(); running.plug_cable()           # the adapter goes, and comes back with another number

All options are in SimulatorOptions, all faults in simulator.faults. "(choice)" marks what no document says.
Without `clock` the simulated time is the real time multiplied by `speed`. The answers' delays always pass in real time,
divided by `speed`. Everything that a person at the site could do is a method of Simulator: unplug, plug_in, chill,
power_cycle, press_solv, leave_solv, show_screen, push, set_clock, change_setting, swap_regulator.
ram() and eeprom() are the memory at one moment.
"""

from simulator.clock import HandClock
from simulator.faults import Faults
from simulator.history import HistoryDay
from simulator.options import SimulatorOptions
from simulator.serve import RunningSimulator, run
from simulator.simulator import Simulator
from simulator.truth import Truth

__all__ = [
    "Faults",
    "HandClock",
    "HistoryDay",
    "RunningSimulator",
    "Simulator",
    "SimulatorOptions",
    "Truth",
    "run",
]
