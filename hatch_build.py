"""Puts the commit into what is built, as admin/commit.txt: for `solar --version`."""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Commit(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        there = Path(self.root, "admin/commit.txt")
        commit = there.read_text() if there.exists() else os.environ.get("SOLAR_COMMIT") or self._of_the_checkout()
        if commit and version != "editable":
            self._directory = tempfile.TemporaryDirectory()
            file = Path(self._directory.name, "commit.txt")
            file.write_text(commit)
            build_data["force_include"][str(file)] = "admin/commit.txt"

    def _of_the_checkout(self) -> str:
        if not Path(self.root, ".git").exists():
            return ""
        command = ["git", "-c", "safe.directory=*", "describe", "--always", "--abbrev=12", "--match", "-", "--dirty"]
        ran = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)  # noqa: S603
        return ran.stdout.strip()
