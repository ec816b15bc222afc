"""Writes the committed files, for a 24 V battery: `python -m dashboards.build`. The program contains them.

For another battery, `solar dashboards` changes the limits in them (admin/commands/dashboards.py).
"""

from pathlib import Path

from dashboards import alarms, grafana_json, influx_template, panels, provisioning


def files(bank_volts: int = 24) -> dict[str, str]:
    """The text of each file, by its path below `dashboards/`."""
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
    for name, text in files().items():
        path = Path(__file__).parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
