import logging
import re
import signal
from importlib.metadata import version
from pathlib import Path

import pytest

from admin.terminal.application import COMMANDS, root
from journal.journal import Journal
from tests.admin.conftest import Ran, Solar, solar_process, start


def all_commands() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in root().commands.items():  # type: ignore[attr-defined]
        found += [(name, each) for each in getattr(command, "commands", ())] or [(name,)]
    return found


def test_without_a_command_it_shows_the_help_and_exits_2(solar: Solar) -> None:
    ran = solar()
    assert (ran.code, ran.err) == (2, "")
    assert ran.out == solar("--help").out


def test_the_help_names_every_command(solar: Solar) -> None:
    shown = solar("--help").out
    assert max(map(len, shown.splitlines())) <= 80
    named = set(re.findall(r"^  ([a-z][a-z-]+) +[A-Z]\S* ", shown, re.MULTILINE))
    assert named == {names[0] for names in all_commands()}


def test_the_help_has_the_first_sentence_of_each_command() -> None:
    """It is written there once more, so that the help imports none of them."""
    told = {name: words for commands in COMMANDS.values() for name, words in commands.items()}
    sentences = {name: (command.help or "").split("\n\n")[0] for name, command in root().commands.items()}  # type: ignore[attr-defined]
    assert told == sentences


@pytest.mark.parametrize("names", all_commands(), ids=" ".join)
def test_every_option_has_a_sentence_and_a_variable(solar: Solar, names: tuple[str, ...]) -> None:
    ran = solar(*names, "--help")
    assert (ran.code, ran.err) == (0, "")
    command = root()
    for name in names:
        command = command.commands[name]  # type: ignore[attr-defined]
    assert command.help
    for parameter in command.params:
        if parameter.param_type_name == "option" and parameter.name != "help":
            assert parameter.help, parameter.name  # type: ignore[attr-defined]
            assert parameter.help.endswith("."), parameter.name  # type: ignore[attr-defined]
            if parameter.hidden:  # for services and tests: not in the help
                continue
            variable = parameter.envvar or ["_".join(("SOLAR", *names, parameter.name or "")).replace("-", "_").upper()]
            first = variable if isinstance(variable, str) else variable[0]
            assert first in re.sub(r"[│\s]", "", ran.out)


@pytest.mark.parametrize("columns", [40, 79])
def test_no_help_cuts_a_word_in_a_narrow_terminal(solar: Solar, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for names in [(), *all_commands()]:
        shown = solar(*names, "--help").out
        too_long = [line for line in shown.splitlines() if len(line) > columns and " " in line.strip()]
        assert ("…" in shown, too_long) == (False, []), names
    assert {"SOLAR_CHARGE_STEP_AMPS]", "SOLAR_LOG_COUNT]"} <= set(solar("log", "--help").out.split())
    assert "SOLAR_STATUS_AS_JSON]" in solar("status", "--help").out.split()


def test_the_token_is_in_no_help(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUXDB_TOKEN", "s3cret")
    assert [names for names in all_commands() if "s3cret" in solar(*names, "--help").out] == []


def test_version(solar: Solar) -> None:
    assert solar("--version") == Ran(0, f"solar {version('solar-battery-monitoring')}\n", "")


def test_a_variable_for_the_version_does_not_hide_every_command(
    solar: Solar, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images set such variables of their own accord."""
    monkeypatch.setenv("SOLAR_VERSION", "1.2")
    assert solar("export").out.startswith("id,time,")


def test_a_command_leaves_logging_as_it_was(solar: Solar, data: Path) -> None:
    """It used to leave its level behind, and whatever ran next in the process said too little or too much."""
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    for options in ((), ("--verbose",)):
        solar("doctor", "--port", "/dev/ttyUSB-nowhere", *options)
        assert (root.level, root.handlers) == before


def test_a_mistake_of_ours_is_a_traceback_and_exit_70(
    solar: Solar, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Journal, *period: object) -> int:
        raise ZeroDivisionError("broken on purpose")

    monkeypatch.setattr(Journal, "id_ranges", broken)
    ran = solar("export")
    assert (ran.code, ran.out) == (70, "")
    assert ran.err.startswith("Traceback (most recent call last):")
    assert ran.err.endswith("ZeroDivisionError: broken on purpose\n")


def test_sigterm_ends_a_command_and_leaves_no_draft(tmp_path: Path) -> None:
    from tests.admin.commands.test_export import copies

    data = copies(tmp_path / "data", 200_000)
    with start("export", "--format", "json", "--output", tmp_path / "out") as process:
        while not list(tmp_path.glob(".out.draft")):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=5)
    assert process.returncode == 143
    assert [path.name for path in tmp_path.iterdir()] == [data.name]


def test_the_module_installed_is_the_one_that_runs() -> None:
    assert solar_process("--version").code == 0


def test_the_shell_completes_commands_and_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_SOLAR_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "solar\nrest")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert solar_process().out.split() == ["restore"]
    monkeypatch.setenv("COMP_WORDS", "solar\nexport\n--stat")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert solar_process().out.split() == ["--statistic"]


@pytest.mark.parametrize("group", ["clock", "alert", "dead-letters"])
def test_the_help_of_several_commands_cuts_no_sentence_off(group: str, solar: Solar) -> None:
    assert "..." not in solar(group, "--help").out.partition("Commands:")[2]
