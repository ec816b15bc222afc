"""A person at a terminal: reads what a command asks, and types."""

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest


@dataclass
class Typist:
    """`screen` is all that the terminal has shown so far."""

    terminal: int
    process: "subprocess.Popen[bytes]"
    screen: str = ""
    _read: int = field(default=0)

    def sees(self, words: str, seconds: float = 90) -> str:
        """Wait for this (a regular expression), after what was seen before; returns what led there."""
        until = time.monotonic() + seconds
        while not (found := re.search(words, self.screen[self._read :])):
            if not self._shows_more(until - time.monotonic()):
                pytest.fail(f"{words!r} did not come:\n{self.screen}")
        before = self.screen[self._read : self._read + found.start()]
        self._read += found.end()
        return before

    def types(self, answer: str) -> None:
        os.write(self.terminal, answer.encode() + b"\n")

    def answers(self, question: str, answer: str = "") -> str:
        """Wait for the question, type the answer; without one, Enter. Returns what was shown before the question."""
        before = self.sees(question)
        self.sees(r": $|\]: ?$")
        self.types(answer)
        return before

    def presses_ctrl_c(self) -> None:
        """While the command waits for an answer: just before, Python would see the signal only with the next key."""
        until = time.monotonic() + 30
        while not self._is_asleep() and time.monotonic() < until:
            time.sleep(0.02)  # nothing tells when a process begins to wait
        os.write(self.terminal, b"\x03")

    def ends(self, seconds: float = 120) -> int:
        """Wait for the end of the command; returns its exit code."""
        while self._shows_more(seconds):
            pass
        return self.process.wait(30)

    def _is_asleep(self) -> bool:
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].startswith("S")

    def _shows_more(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.terminal], [], [], max(seconds, 0))
        part = b""
        with suppress(OSError):  # how a terminal says that nobody writes to it any more
            part = os.read(self.terminal, 4096) if ready else b""
        self.screen += part.decode(errors="replace").replace("\r\n", "\n")
        return bool(part)


@contextmanager
def typing(command: Sequence[object], **environment: str) -> Iterator[Typist]:
    """The command at a terminal of its own, with a person at it."""
    terminal, theirs = os.openpty()
    starting = [sys.executable, "-c", LEADER, *map(str, command)]
    environ = os.environ | {"TERM": "xterm", "COLUMNS": "200"} | environment
    with subprocess.Popen(
        starting, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, start_new_session=True
    ) as process:
        os.close(theirs)
        try:
            yield Typist(terminal, process)
        finally:
            process.kill()
            os.close(terminal)


LEADER = """import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])"""
"""Makes the terminal the one whose Ctrl-C reaches the command, also if the tests run in the background of a shell."""
