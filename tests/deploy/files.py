"""The deployment files, and the tools that judge them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.servers import unavailable

PROJECT = Path(__file__).parents[2]
UNITS = [PROJECT / "systemd" / f"solar-{name}.service" for name in ("logger", "uploader", "page", "alert", "mqtt")]
WORKFLOWS = sorted((PROJECT / ".github/workflows").glob("*.yml"))


def run(*command: str | Path, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Both outputs as one text; the exit code is looked at by the test."""
    return subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
        **options,
    )


def development_tool(name: str) -> Path:
    """A program that comes with the development dependencies; skips where there is none for this kind of machine."""
    found = Path(sys.executable).with_name(name)
    if not found.exists():
        unavailable(f"{name} is not installed: make check sets it up on x86-64")
    return found


def as_data(path: str) -> dict[str, Any]:
    """A YAML file of the project."""
    content = yaml.safe_load((PROJECT / path).read_text())
    assert isinstance(content, dict)
    return content
