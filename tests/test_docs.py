"""README and docs say what the program does, and all of it."""

import re
from pathlib import Path

import pytest

from admin.terminal.fields import READING
from journal.reading import STREAMS
from tests import manual_page
from tests.docs_tables import ROOT, SETTINGS, TABLES, commands, settings, with_tables

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_tables_are_those_of_the_program() -> None:
    """`make docs` writes them."""
    text = (ROOT / "README.md").read_text()
    assert text == with_tables(text)
    assert [name for name in TABLES if f"<!-- {name} -->" not in text] == []


def test_the_man_page_is_that_of_the_program() -> None:
    """`make docs` writes it."""
    assert manual_page.PAGE.read_text() == manual_page.page()


@pytest.mark.parametrize("stream", STREAMS)
def test_every_column_has_its_words(stream: str) -> None:
    columns = ["time" if name == "time_ms" else name for name in STREAMS[stream].__dataclass_fields__]
    sections = re.split(r"^## ", (ROOT / "docs/fields.md").read_text(), flags=re.MULTILINE)
    tables = {text.partition("\n")[0].lower(): re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) for text in sections}
    names = [field.name for field in READING] if stream == "readings" else tables[stream]
    assert sorted(names) == sorted(columns)


def test_every_setting_that_is_promised_is_read() -> None:
    assert [name for name, _, _ in settings()] == list(SETTINGS)


def test_no_page_names_a_command_that_is_not_there() -> None:
    known = {name.split()[1] for name, _ in commands()}
    named = {
        (page.name, word)
        for page in PAGES
        for word in re.findall(r"`solar ([a-z][a-z-]+)[ `]", page.read_text())
        if word not in known
    }
    assert named == set()


def test_every_page_that_is_named_anywhere_is_there() -> None:
    """`docs/delivery.md` in a docstring, a unit file or a comment, too."""
    tops = [top for top in ROOT.iterdir() if not top.name.startswith(".") or top.name in {".github", ".ci"}]
    files = [
        file for top in tops for file in (top, *top.rglob("*")) if file.is_file() and file.suffix not in {".pyc", ".db"}
    ]
    named = {
        (file.relative_to(ROOT).as_posix(), page)
        for file in files
        for page in re.findall(r"\bdocs/[\w./-]+\.md", file.read_text(errors="replace"))
    }
    assert {(file, page) for file, page in named if not (ROOT / page).exists()} == set()
    assert len(named) > 20


def test_no_page_links_to_a_file_that_is_not_there() -> None:
    dead = {
        (page.name, link)
        for page in PAGES
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
        if not Path(page.parent, link).exists()
    }
    assert dead == set()
