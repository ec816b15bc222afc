import signal
from pathlib import Path

import pytest

from tests.admin.conftest import Solar, start


@pytest.mark.parametrize("where", ["a pseudo-terminal", "a link", "TCP"])
def test_the_first_line_is_the_port_that_read_takes(solar: Solar, tmp_path: Path, where: str) -> None:
    options = {"a pseudo-terminal": [], "a link": ["--link", "pl80"], "TCP": ["--tcp", "127.0.0.1:0"]}[where]
    with start("simulate", "--model", "PL60", "--volts", "12", "--speed", "60", *options) as process:
        assert process.stdout
        assert process.stderr
        port = process.stdout.readline().strip()
        assert process.stderr.readline() == (
            f"Simulating a PL60 with a 12 V battery at {port}, at 60 times real speed. Ctrl-C to stop.\n"
        )
        assert process.stderr.readline() == f"In another terminal: SOLAR_PORT={port} solar read\n"
        if where == "a link":
            assert (tmp_path / "pl80").resolve() == Path(port)
        assert solar("read", "--port", port).out.startswith("PL60 at ")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=5) == 0
        assert process.stdout.read() == ""
        assert process.stderr.read() == ""


def test_a_second_one_at_the_same_address_is_one_line(solar: Solar) -> None:
    with start("simulate", "--tcp", "127.0.0.1:0") as process:
        assert process.stdout
        address = process.stdout.readline().strip().removeprefix("socket://")
        ran = solar("simulate", "--tcp", address)
        process.terminate()
        process.communicate(timeout=5)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert ran.err.startswith(f"cannot simulate at {address}: address already in use")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--clock-offset-hours", "nan"), "cannot put the regulator's clock nan hours ahead: give -24 to 24"),
        (("--clock-offset-hours", "inf"), "cannot put the regulator's clock inf hours ahead: give -24 to 24"),
        (("--seed", "x"), "cannot use --seed x: give a whole number"),
    ],
)
def test_what_cannot_be_simulated_is_one_line(arguments: tuple[str, str], words: str, solar: Solar) -> None:
    ran = solar("simulate", *arguments)
    assert (ran.code, ran.out, ran.err) == (2, "", f"{words}\n")
