"""Write the dashboards: `python -m dashboards.build [--bank-volts 12] [--output DIRECTORY]`.

Without options it writes what is committed: for a 24 V battery, into this directory.
"""

import argparse
from pathlib import Path

from dashboards import alarms, grafana_json, influx_template, panels, provisioning


def files(bank_volts: int = 24) -> dict[str, str]:
    """Every file by its path below `dashboards/`."""
    boards = panels.boards(bank_volts)
    written = {"influxdb/solar.yml": influx_template.template(boards)}
    for language in grafana_json.LANGUAGES:
        folder = f"grafana/{language}"
        written[f"{folder}/datasources/solar.yaml"] = provisioning.datasources(language)
        written[f"{folder}/dashboards/solar.yaml"] = provisioning.provider()
        written[f"{folder}/alerting/solar.yaml"] = alarms.alerting_rules(language, bank_volts)
        for board in boards:
            written[f"{folder}/dashboards/{board.name}.json"] = grafana_json.board_json(board, language)
    return written


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dashboards.build", description="Write the dashboards.")
    parser.add_argument(
        "--bank-volts", type=int, default=24, choices=(12, 24, 32, 36, 48), help="nominal battery voltage"
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, help="directory to write to")
    options = parser.parse_args()
    for name, text in files(options.bank_volts).items():
        path = options.output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
