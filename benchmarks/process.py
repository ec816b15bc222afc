"""Runs a command and measures it: wall time, processor time, memory."""

import compileall
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PYTHON = sys.executable
SOLAR = str(Path(PYTHON).with_name("solar"))
ROOT = Path(__file__).parents[1]
PEERS = ROOT / ".venv" / "peers" / "bin"


def compile_all() -> None:
    """Compile our modules, as pip does at a site. Where Python may not write bytecode (PYTHONDONTWRITEBYTECODE), each
    command of a checkout would compile them anew: a quarter of the time of `solar status`."""
    for package in ROOT.glob("*/__init__.py"):
        compileall.compile_dir(package.parent, quiet=1)


@dataclass(frozen=True, slots=True)
class Run:
    """`wall_seconds`, `cpu_seconds` (user and system) and the largest resident memory, in MB."""

    wall_seconds: float
    cpu_seconds: float
    peak_megabytes: float


# A small process in between, because the peak memory of a process starts from that of its parent.
_LAUNCH = """
import json, os, sys, time
began = time.perf_counter()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
wall = time.perf_counter() - began
told = [os.waitstatus_to_exitcode(status), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]
print(json.dumps(told), file=sys.stderr)
"""


def run(command: Sequence[str | Path], env: Mapping[str, str] | None = None, output: Path | None = None) -> Run:
    """Run it once. Its standard output goes to a file or nowhere. Raises RuntimeError if it fails."""
    with (output or Path(os.devnull)).open("wb") as file:
        launched = subprocess.run(
            [PYTHON, "-ISc", _LAUNCH, *map(str, command)],
            stdout=file,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            check=True,
            text=True,
        )
    *words, told = launched.stderr.splitlines()
    code, *figures = json.loads(told)
    if code not in (0, 1) or "ERROR" in launched.stderr:  # `solar status`: 1 says that something needs attention
        raise RuntimeError(f"{command} exits with {code}: {words}")
    return Run(*figures)


def median(runs: Sequence[Run]) -> Run:
    """The median of each figure separately."""
    return Run(
        statistics.median(each.wall_seconds for each in runs),
        statistics.median(each.cpu_seconds for each in runs),
        statistics.median(each.peak_megabytes for each in runs),
    )


def several(command: Sequence[str | Path], times: int = 5, output: Path | None = None) -> Run:
    """The median of several runs."""
    return in_turn([command], times, output)[0]


def in_turn(commands: Sequence[Sequence[str | Path]], times: int = 5, output: Path | None = None) -> list[Run]:
    """The median of several runs of each command. They take turns, so that what else runs disturbs all alike."""
    rounds = [[run(command, output=output) for command in commands] for _ in range(times)]
    return [median(runs) for runs in zip(*rounds, strict=True)]


def resident_megabytes(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


@contextmanager
def running(command: Sequence[str | Path], env: Mapping[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """A process that ends with the block."""
    process = subprocess.Popen(
        list(map(str, command)), env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def simulator() -> Iterator[str]:
    """The port of a simulated regulator."""
    with running([SOLAR, "simulate"], {}) as process:
        assert process.stdout
        yield process.stdout.readline().strip()


def until(is_so: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    """Wait for it. Raises RuntimeError if it takes longer."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.2)


def influxdb_settings(url: str, bucket: str = "bucket") -> dict[str, str]:
    return {"INFLUXDB_URL": url, "INFLUXDB_TOKEN": "a:b", "INFLUXDB_ORG": "org", "INFLUXDB_BUCKET": bucket}
