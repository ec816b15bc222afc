"""A clean Debian 12, and what the network of the machine it is made on needs. Only as root; takes a minute."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.files import PROJECT, run
from tests.servers import program

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def debootstrap(root: Path, *packages: str) -> None:
    """A minimal Debian 12 with `packages` in it, in the directory `root`."""
    command = program("debootstrap", "debootstrap")
    if os.geteuid() != 0:
        pytest.skip("only root can make a Debian root")
    made = run(command, "--variant=minbase", f"--include={','.join(packages)}", "bookworm", root)
    assert made.returncode == 0, made.stdout[-2000:]
    for archive in (root / "var/cache/apt/archives").glob("*.deb"):
        archive.unlink()


def trust(directory: Path) -> dict[str, Path]:
    """Files to be shown inside, path by path, so that pip trusts there whom it trusts here."""
    certificates = directory / "certificates.crt"
    shutil.copy(CERTIFICATES, certificates)
    settings = directory / "pip.conf"
    settings.write_text("[global]\ncert = /run/certificates.crt\n")
    return {"/run/certificates.crt": certificates, "/etc/pip.conf": settings}


def copy_project(target: Path) -> None:
    """The project as it stands, committed or not, without what is ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    for name in listed.stdout.strip("\0").split("\0"):
        if (PROJECT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, target / name)
