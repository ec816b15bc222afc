"""Other programs, run to their end."""

import subprocess

from journal.errors import SolarError


def ran(*command: str) -> "subprocess.CompletedProcess[str]":
    """What came of it; exit code 127 if there is no such program."""
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
    except FileNotFoundError:
        words = f"{command[0]} is not installed (sudo apt-get install {command[0]})"
        return subprocess.CompletedProcess(command, 127, "", words)


def said(failure: str, remedy: str, *command: str, line: int = 0) -> str:
    """What it says. Raises SolarError with these words and this line of its errors."""
    done = ran(*command)
    if done.returncode:
        raise SolarError(f"{failure}: {trouble(done, line)}; {remedy}")
    return done.stdout.strip()


def trouble(done: "subprocess.CompletedProcess[str]", line: int) -> str:
    """Why it failed: the first or the last line (0, -1) of its errors."""
    lines = [words.strip() for words in done.stderr.splitlines() if words.strip()]
    return lines[line] if lines else f"exit code {done.returncode}"
