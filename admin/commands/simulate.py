"""`solar simulate`: a regulator and its PLI in software."""

import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from admin.terminal import options
from admin.terminal.console import stop_on_signals
from journal.errors import BadSetting, SolarError

MODELS = ("PL20", "PL40", "PL60", "PL80")


def address(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError("give host and port, as in 127.0.0.1:26000; port 0 means any free port")
    return text


def faults(text: str) -> str:
    from simulator import Faults

    try:
        Faults.parse(text)
    except ValueError as error:
        raise ValueError(str(error).partition(": ")[2]) from error
    return text


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("give a number") from None


def whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("give a whole number") from None


# fmt: off
Tcp = Annotated[str | None, typer.Option(
    parser=address, metavar="HOST:PORT", help="Listen there, like a serial server; by default on a pseudo-terminal.")]
Link = Annotated[Path | None, typer.Option(
    parser=Path, metavar="PATH", help="Make PATH a symlink to the pseudo-terminal.")]
Speed = Annotated[float, typer.Option(
    parser=options.number_above_zero, metavar="N",
    help="Simulated seconds per real second; 60: a day in 24 minutes.")]
FaultsOption = Annotated[str, typer.Option(
    "--faults", envvar="SOLAR_SIMULATE_FAULTS", show_default=False, parser=faults, metavar="LIST",
    help="Such as drop=0.01,split=0.1,cold. With a probability: drop, garble, double, late, error, split. "
    "Without: cold, unplugged, silent, wrong-baud.")]
Model = Annotated[str, typer.Option(
    parser=options.one_of(*MODELS), metavar="MODEL", help="PL20, PL40, PL60 or PL80.")]
Volts = Annotated[int, typer.Option(
    parser=whole_number, metavar="VOLTS", help="System voltage: 12, 24, 32, 36 or 48.")]
Start = Annotated[float, typer.Option(
    "--start-hour", parser=number, metavar="HOUR", help="Time of day at the start, 0 to 24.")]
Offset = Annotated[float, typer.Option(
    "--clock-offset-hours", parser=number, metavar="HOURS", help="How far the regulator's clock is ahead.")]
Battery = Annotated[float, typer.Option(
    "--battery-percent", parser=number, metavar="PERCENT", help="How full the battery is at the start.")]
External = Annotated[bool, typer.Option(
    "--external", help="Add a wind turbine and an inverter on external shunts.")]
Seed = Annotated[int, typer.Option(
    parser=whole_number, metavar="N", help="Random seed: another number gives other weather.")]
# fmt: on


def simulate(
    *,
    tcp: Tcp = None,
    link: Link = None,
    speed: Speed = 1.0,
    fault_list: FaultsOption = "",
    model: Model = "PL80",
    volts: Volts = 24,
    start_hour: Start = 10.0,
    clock_offset_hours: Offset = 0.0,
    battery_percent: Battery = 76.0,
    external: External = False,
    seed: Seed = 1,
) -> None:
    """Simulate a PL80 and its PLI adapter until stopped.

    The first line of the output is the value for SOLAR_PORT.
    """
    from simulator import Faults, SimulatorOptions, run

    try:
        options = SimulatorOptions(
            speed=speed,
            faults=Faults.parse(fault_list),
            model=model,
            system_volts=volts,
            start_hour=start_hour,
            clock_offset_hours=clock_offset_hours,
            battery_percent=battery_percent,
            external_charge=external,
            external_load=external,
            seed=seed,
        )
    except ValueError as error:
        raise BadSetting(str(error)) from error

    def on_ready(port: str) -> None:
        print(port, flush=True)
        pace = "in real time" if speed == 1 else f"at {speed:g} times real speed"
        print(
            f"Simulating a {model} with a {volts} V battery at {port}, {pace}. Ctrl-C to stop.\n"
            f"In another terminal: SOLAR_PORT={port} solar read",
            file=sys.stderr,
        )

    stop = threading.Event()
    with stop_on_signals(stop):
        try:
            host, _, number = (tcp or "").rpartition(":")
            run(options, on_ready, stop, tcp=(host.strip("[]"), int(number)) if tcp else None, link=link)
        except OSError as error:
            where = tcp or str(link or "a pseudo-terminal")
            raise SolarError(
                f"cannot simulate at {where}: {(error.strerror or str(error)).lower()}; choose another address"
            ) from error
