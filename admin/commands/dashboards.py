"""`solar dashboards`: writes the dashboards and alarms, with limits for your battery.

The program contains the files of dashboards/, which are for 24 V. Three numbers in them depend on the battery.
"""

import re
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from admin.files.output_file import whole_file
from admin.terminal import options
from admin.terminal.words import count
from journal.errors import BadSetting

CARRIED_VOLTS = 24
BANK_VOLTS = (12, 24, 32, 36, 48)
LIMITS = re.compile(r"\b(22\.8|23\.6|30\.4)\b")  # flat, low and high at 24 V: dashboards/panels.py

# fmt: off
BankVolts = Annotated[str, typer.Option(
    "--bank-volts", parser=options.one_of(*map(str, BANK_VOLTS)), metavar="V",
    help=f"Nominal voltage of the battery: {', '.join(map(str, BANK_VOLTS[:-1]))} or {BANK_VOLTS[-1]}.")]
Output = Annotated[Path, typer.Option(
    parser=Path, metavar="DIR", help="Directory to write to; existing files are replaced.")]
# fmt: on


def dashboards(*, bank_volts: BankVolts, output: Output) -> None:
    """Write dashboards and alarms for Grafana and InfluxDB, with limits for your battery."""
    written = files(int(bank_volts))
    for name, text in written.items():
        path = output / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            words = (error.strerror or str(error)).lower()
            raise BadSetting(f"cannot make the directory {path.parent}: {words}; choose another --output") from error
        with whole_file(path, output) as draft:
            draft.write_text(text, encoding="utf-8")
    print(f"{count(len(written), 'file')} for a {bank_volts} V battery in {output}. How to use them:")
    print(f"  Grafana with InfluxDB 2 or Cloud   copy {output}/grafana/flux/. to /etc/grafana/provisioning")
    print(f"  Grafana with InfluxDB 1.x          copy {output}/grafana/influxql/. to /etc/grafana/provisioning")
    print(f"  InfluxDB 2's own dashboards        influx apply --file {output}/influxdb/solar.yml")


def files(bank_volts: int) -> dict[str, str]:
    """The text of each file, by its path, with the limits for this battery."""

    def limit(found: re.Match[str]) -> str:
        return str(round(float(found[0]) * bank_volts / CARRIED_VOLTS, 2))

    carried = Path(str(resources.files("dashboards")))
    return {
        str(file.relative_to(carried)): LIMITS.sub(limit, file.read_text(encoding="utf-8"))
        for folder in ("grafana", "influxdb")
        for file in sorted((carried / folder).rglob("*"))
        if file.is_file()
    }
