"""docs/by-hand.md, line by line, on a clean Debian 12 that boots."""

import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.deploy.files import PROJECT
from tests.deploy.machine import (
    SERVICES,
    Machine,
    add_a_person,
    awaited,
    booted,
    both_are_active,
    commit,
    is_active,
    made,
    plug_in_a_regulator,
)
from tests.servers import Database

pytestmark = pytest.mark.long

PAGE = (PROJECT / "docs/by-hand.md").read_text() + (PROJECT / "docs/install.md").read_text()
SECRET = "planted-secret-77aa"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with booted(made(tmp_path)) as machine:
        yield machine


def paste_all(machine: Machine, title: str) -> str:
    return "".join(machine.paste(block) for block in blocks(title))


def blocks(title: str) -> list[str]:
    """The blocks to be pasted below a heading of the page."""
    section = re.search(rf"^## (?:\d\. )?{title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section, title
    return re.findall(r"^```sh\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL)


def prepare(machine: Machine, influxdb_url: str, bucket: str) -> None:
    """A person with sudo, the repository at its address, an editor that types by itself, no udev."""
    add_a_person(machine)
    address = re.search(r"git clone (\S+)", PAGE)
    assert address
    machine.root(f"printf '[url \"/root/origin\"]\\n\\tinsteadOf = {address[1]}\\n' >>/etc/gitconfig")
    values = {
        "SOLAR_SITE": "trial",
        "SOLAR_INTERVAL": "2",
        "SOLAR_UPLOAD_EVERY": "3",
        "SOLAR_CLOCK": "trust",
        "INFLUXDB_URL": influxdb_url,
        "INFLUXDB_ORG": "none",
        "INFLUXDB_BUCKET": bucket,
        "INFLUXDB_TOKEN": SECRET,
    }
    editor = "#!/bin/sh\ncase $1 in\n"
    for file, prefix in (("solar.env", "SOLAR"), ("uploader.env", "INFLUXDB")):
        lines = "".join(f"{name}={value}\\n" for name, value in values.items() if name.startswith(prefix))
        expression = "/SOLAR_SITE/d" if prefix == "SOLAR" else "/INFLUXDB/d"
        editor += f'*/{file}) sed -i "{expression}" "$1"; printf "{lines}" >>"$1" ;;\n'
    stand_in = machine.directory / "usr/local/bin/nano"
    stand_in.write_text(editor + "*) exit 1 ;;\nesac\n")
    stand_in.chmod(0o755)


def test_every_line_of_the_page(machine: Machine, database: Database) -> None:
    prepare(machine, database.server.url, database.name)
    paste_all(machine, "The card")
    commit(machine, "v1.0.0")
    assert "solar 0." in paste_all(machine, "The program")
    paste_all(machine, "Users")
    paste_all(machine, "Settings")
    assert machine.root("stat --format '%U %a' /etc/solar/uploader.env").strip() == "root 600"
    verified = paste_all(machine, "Services")
    assert re.search(r"\+ systemd-analyze verify \S+ \S+\n$", verified), verified

    plug_in_a_regulator(machine)
    said = paste_all(machine, "First reading, first upload")
    assert "Status:" in said
    assert awaited(lambda: database.rows("solar"), 60)
    assert {row["site"] for row in database.rows("solar")} == {"trial"}
    assert "Last reading" in machine.paste("solar status || test $? = 1")

    paste_all(machine, "Page and alerts")
    assert machine.root("stat --format '%U %a' /etc/solar/page.env").strip() == "root 600"

    they_share_the_journal_whoever_starts_last(machine, database)
    a_hung_logger_is_running_again_within_a_minute(machine)

    commit(machine, "v1.1.0")
    paste_all(machine, "Upgrade")
    assert machine.root("readlink /opt/solar/current /opt/solar/previous").split() == ["v1.1.0", "v1.0.0"]
    assert machine.root("ls /var/backups/solar").startswith("journal-20")
    both_are_active(machine)
    assert awaited(partial(is_active, machine, "solar-page"), 30)
    paste_all(machine, "Roll back")
    assert machine.root("readlink /opt/solar/current").split() == ["v1.0.0"]
    both_are_active(machine)
    paste_all(machine, "Good to know")

    assert SECRET not in machine.root("journalctl --no-pager; ps -ef; cat /var/lib/solar/*; solar status || true")
    refused = "cat /etc/solar/uploader.env && exit 1; true"
    assert "denied" in machine.root(f"runuser --user solar-logger -- sh -c '{refused}' 2>&1")

    paste_all(machine, "Remove")
    left = machine.root(
        "find / -xdev -name '*solar*' -not -path '/root/*' -not -path '/var/backups/*' -not -path '/var/log/*' "
        "-not -path '/run/*' -not -path '/etc/systemd/journald.conf.d/*' -not -path '/tmp/*'; "
        "grep solar /etc/passwd /etc/group || true"
    )
    assert left == ""


def they_share_the_journal_whoever_starts_last(machine: Machine, database: Database) -> None:
    for order in (SERVICES, reversed(SERVICES), reversed(SERVICES)):
        for service in order:
            machine.root(f"systemctl restart {service}")
        assert awaited(partial(has_more_than, database, len(database.rows("solar")) + 1), 60)
    modes = machine.root("stat --format '%G %a %F' /var/lib/solar /var/lib/solar/*")
    assert set(modes.splitlines()) <= {
        "solar 2770 directory",
        "solar 660 regular file",
        "solar 660 regular empty file",
    }


def has_more_than(database: Database, count: int) -> bool:
    return len(database.rows("solar")) > count


def a_hung_logger_is_running_again_within_a_minute(machine: Machine) -> None:
    """Stopped by a signal, as in a read() that never returns."""
    before = machine.property("solar-logger", "MainPID")
    began = time.monotonic()
    machine.root(f"kill -STOP {before}")
    assert awaited(lambda: machine.property("solar-logger", "MainPID") not in ("0", before), 75)
    assert time.monotonic() - began < 65  # SIGABRT cannot reach one that is stopped: SIGKILL does, 5 s later
    assert "Watchdog timeout" in machine.root("journalctl --no-pager --unit solar-logger")
    assert machine.property("solar-uploader", "NRestarts") == "0"
    both_are_active(machine)
