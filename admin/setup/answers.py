"""The answers so far, and how a question gets one: from a person at the terminal, or from a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from admin.doctor.finding import Finding, Verdict
from journal.errors import SolarError

if TYPE_CHECKING:
    from admin.setup.questions import Question

LATER = "later"


def refuse_if_bad(finding: Finding) -> None:
    """What the doctor finds bad is no answer."""
    if finding.verdict is Verdict.BAD:
        raise ValueError(f"{finding.found}; {finding.remedy}")


@dataclass(slots=True)
class Answers:
    """`before`: the settings as they stand in the files. `given`: the answers of a file, None at a terminal.

    `values`: the new settings by their variables, with what follows from them (a port's baud rate). `facts`: what the
    checks have found out, for later questions.
    """

    before: Mapping[str, str]
    given: Mapping[str, str] | None = None
    values: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)

    def known(self, variable: str) -> str | None:
        """What the settings say now."""
        return self.before.get(variable) or None


def ask_all(questions: "tuple[Question, ...]", answers: Answers) -> None:
    """Ask each, again after a bad answer. Raises SolarError for a bad answer in a file: there nobody can be asked."""
    for question in questions:
        if question.is_asked(answers):
            while not _is_answered(question, answers):
                pass


def _is_answered(question: "Question", answers: Answers) -> bool:
    proposal = question.proposed(answers)
    answer = _prompted(question, proposal) if answers.given is None else _looked_up(question, proposal, answers.given)
    if question.later is not None and answer.lower() == LATER:
        if question.later:
            answers.values[question.variable] = answers.known(question.variable) or question.later
        return True
    answer = question.short.get(answer.lower(), answer)
    try:
        _check_quotes(answer)
        told = question.check(answer, answers)
    except (ValueError, SolarError, OSError) as refused:
        if answers.given is not None:
            raise SolarError(f"cannot use the answer to {question.variable}: {refused}") from refused
        print(f"  {refused}")
        return False
    answers.values[question.variable] = answer
    if told:
        print(f"  {told}")
    return True


def _prompted(question: "Question", proposal: str | None) -> str:
    text, is_seen = question.text, question.is_seen or not question.is_secret
    is_kept = question.is_secret and proposal not in (None, LATER)
    if is_kept:
        text += " [Enter: the present one]"
    return str(typer.prompt(text, default=proposal, hide_input=not is_seen, show_default=not is_kept)).strip()


def _check_quotes(answer: str) -> None:
    """Now, because nobody wants to answer all again when the files are written."""
    if "'" in answer:
        raise ValueError("a file of settings cannot hold ' in it; choose another one")


def _looked_up(question: "Question", proposal: str | None, given: Mapping[str, str]) -> str:
    answer = given.get(question.variable, proposal)
    if answer is None:
        raise SolarError(f"cannot go on: the file has no answer to {question.variable}; add one, nothing was changed")
    if not question.is_secret or answer == LATER:
        print(f"{question.text}: {answer}")
    return answer
