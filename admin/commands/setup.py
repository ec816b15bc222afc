"""`solar setup`: asks what a site needs, with what it has found as the answer to accept, and starts the services."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from admin.health.survey import survey
from admin.setup import onlookers, settings_files
from admin.setup.answers import Answers, ask_all
from admin.setup.questions import QUESTIONS
from admin.setup.starting import start_services
from admin.terminal import options
from admin.terminal.values import values
from journal.access import obstacle
from journal.errors import BadSetting, SolarError

SETTINGS = Path("/etc/solar")
FILES = tuple(dict.fromkeys(question.file for question in QUESTIONS if question.file))
READING_SECONDS = 90

# fmt: off
AnswersFile = Annotated[Path | None, typer.Option(
    "--answers", parser=Path, metavar="FILE",
    help="Take the answers from a file with lines such as SOLAR_SITE=hut; ask nothing. What is not in it is as found.")]
Settings = Annotated[Path, typer.Option(
    "--settings", parser=Path, metavar="DIR", hidden=True, help="Where the settings are.")]
# fmt: on


def setup(answers_file: AnswersFile = None, settings: Settings = SETTINGS, data: options.Data = options.DATA) -> int:
    """Set up port, name, time zone, InfluxDB, backups, page, MQTT and alerts; then start the services."""
    if answers_file is None and not sys.stdin.isatty():
        raise BadSetting("cannot ask anything: this is no terminal; give the answers with --answers FILE")
    if words := obstacle(settings, write=True):
        raise SolarError(f"cannot write the settings: {words}")
    before = {name: value for file in FILES for name, value in settings_files.read(settings / file).items()}
    answers = Answers(before, given=_given(answers_file))
    health = survey(data, is_upload_wanted=False)
    if health.reading and health.is_fresh and health.is_logging is not False:
        answers.facts["logger"] = f"the logger reads it: {values(health.reading)}"
    try:
        ask_all(QUESTIONS, answers)
        changes = _written(answers, settings)
    except (typer.Abort, KeyboardInterrupt):
        print("\nNothing was changed.")
        return 130
    if changes is None:
        print("Nothing was changed.")
        return 1
    newest = survey(data, is_upload_wanted=False).reading
    start_services(answers, [each.service for each in QUESTIONS if each.service and each.variable in answers.values])
    code = _first_reading(data, newest.id if newest else None)
    if address := onlookers.page_address(answers):
        print(f"The page: {address}")
    return code


def _given(file: Path | None) -> dict[str, str] | None:
    if file is None:
        return None
    if not file.is_file():
        what = "it is not a file" if file.exists() else "there is no such file"
        raise BadSetting(f"cannot use --answers {file}: {what}")
    if stray := settings_files.stray_line(file):  # its text may hold a token
        raise BadSetting(f"cannot use --answers {file}: line {stray} is no answer; write it like SOLAR_SITE=hut")
    given = settings_files.read(file)
    names = [question.variable for question in QUESTIONS]
    if strangers := [name for name in given if name not in names]:
        raise BadSetting(
            f"cannot use --answers {file}: {', '.join(strangers)} is asked by no question; the questions are "
            f"{', '.join(names)}"
        )
    return given


def _written(answers: Answers, settings: Path) -> list[settings_files.Change] | None:
    """All files, after the person has seen what is overwritten; None if the person does not want that."""
    files = {question.variable: question.file for question in QUESTIONS} | {"SOLAR_BAUD": "solar.env"}
    while True:
        changes = [
            settings_files.changed(settings / file, mine)
            for file in FILES
            if (mine := {name: value for name, value in answers.values.items() if files.get(name) == file})
        ]
        if overwritten := [line for change in changes for line in change.overwritten()]:
            print("This changes:", *overwritten, sep="\n  ")
            if answers.given is None and not typer.confirm("Write it?", default=True):
                return None
        try:
            settings_files.write_all(changes)
        except SolarError as error:
            if answers.given is not None:
                raise
            print(f"  {error}")
            if not typer.confirm("Try again?", default=True):
                return None
        else:
            return changes


def _first_reading(data: Path, last_id: int | None) -> int:
    """Wait for a reading after this one; show it."""
    until = time.monotonic() + READING_SECONDS
    while time.monotonic() < until:
        reading = survey(data, is_upload_wanted=False).reading
        if reading and reading.id != last_id:
            print(f"\nNewest reading: {values(reading)}")
            print("The site logs. `solar status` shows its state, `solar doctor` what is wrong if something is.")
            return 0
        time.sleep(1)  # the logger is another process, and its journal has no way to tell
    print("\nThe services run, but there is no reading yet: `sudo solar doctor` says what to do.")
    return 1
