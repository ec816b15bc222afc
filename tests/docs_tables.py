"""The tables of README.md as the program itself has them; `make docs` writes them there."""

from collections.abc import Iterator
from pathlib import Path

from admin.terminal.application import root
from admin.terminal.fields import READING

ROOT = Path(__file__).parent.parent
# fmt: off
SETTINGS = (
    "SOLAR_PORT", "SOLAR_BAUD", "SOLAR_INTERVAL", "SOLAR_SITE", "SOLAR_DATA", "SOLAR_CHARGE_STEP_AMPS",
    "SOLAR_LOAD_STEP_AMPS", "SOLAR_CLOCK", "SOLAR_UPLOAD_EVERY", "SOLAR_KEEP_DAYS", "SOLAR_MONTHLY_MEGABYTES",
    "SOLAR_SAVE_BELOW_VOLTS", "SOLAR_BACKUP_TO", "SOLAR_PAGE_LISTEN", "SOLAR_PAGE_TOKEN",
    "INFLUXDB_URL", "INFLUXDB_TOKEN", "INFLUXDB_ORG", "INFLUXDB_BUCKET", "SOLAR_ALERT_URLS", "SOLAR_MQTT_URL",
)
# fmt: on
SECRETS = {
    "SOLAR_PAGE_TOKEN": "Password of the site's own page, for more than this computer",
    "INFLUXDB_TOKEN": "Token for InfluxDB; `user:password` for InfluxDB 1.x",
    "SOLAR_ALERT_URLS": "Whom to send alerts to: Apprise URLs, with commas between them",
    "SOLAR_MQTT_URL": "MQTT broker for `solar mqtt`: mqtt://USER:PASSWORD@HOST:1883, or mqtts:// for TLS",
}


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, ("---",) * len(header), *rows])


def commands() -> Iterator[tuple[str, str]]:
    """Every command with its one sentence, the subcommands of a group joined to it."""
    for name, command in root().commands.items():
        subcommands = "\\|".join(getattr(command, "commands", ()))
        yield f"solar {name} {subcommands}".strip(), " ".join((command.help or "").split("\n\n")[0].split())


def settings() -> Iterator[tuple[str, str, str]]:
    """Every variable that is not an option of one command alone, with its default and its meaning."""
    found = {name: ("", f"{words}. There is no option for it.") for name, words in SECRETS.items()}
    for command in root().commands.values():
        for parameter in command.params:
            names = parameter.envvar if isinstance(parameter.envvar, list) else [parameter.envvar or ""]
            if names[0] in SETTINGS:
                default = parameter.default if isinstance(parameter.default, str | int | float | Path) else ""
                found.setdefault(
                    names[0], (f"`{default:g}`" if isinstance(default, float) else f"`{default}`", parameter.help)
                )
    return ((name, found[name][0].replace("``", ""), found[name][1]) for name in SETTINGS if name in found)


TABLES = {
    "commands": lambda: table(("Command", ""), [(f"`{name}`", words) for name, words in commands()]),
    "settings": lambda: table(
        ("Variable", "Default", "Meaning"), [(f"`{name}`", default, words) for name, default, words in settings()]
    ),
    "readings": lambda: table(
        ("Name", "Unit", "From", "Meaning"),
        [(f"`{field.name}`", field.unit, field.source, field.meaning) for field in READING],
    ),
}


def with_tables(text: str) -> str:
    """The text with each table between its two marks as it should be."""
    for name, make in TABLES.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        if begin in text:
            before, rest = text.split(begin)
            text = before + begin + make() + "\n" + end + rest.split(end)[1]
    return text


if __name__ == "__main__":
    page = ROOT / "README.md"
    page.write_text(with_tables(page.read_text()))
