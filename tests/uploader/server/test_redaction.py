"""A secret is found in each encoding that what stands between here and the server may repeat it in."""

import html
import json
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uploader.server.redaction import without

ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "HTML": html.escape,
    "HTML in decimal": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "HTML in padded decimal": lambda text: "".join(f"&#{ord(c):07d};" for c in text),
    "HTML in hexadecimal": lambda text: "".join(f"&#x{ord(c):X};" for c in text),
    "HTML, signs alone": lambda text: "".join(c if c.isalnum() else f"&#{ord(c)};" for c in text),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON with its slash": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON in numbers": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "JSON for HTML": lambda text: "".join(c if c.isalnum() else f"\\u{ord(c):04X}" for c in text),
    "C": lambda text: "".join(f"\\x{ord(c):02x}" for c in text),
    "an address": lambda text: quote(text, safe=""),
    "an address in lower case": lambda text: "".join(c if c.isalnum() else f"%{ord(c):02x}" for c in text),
    "a form": quote_plus,
}
OTHERS = ("as it is", "HTML", "JSON", "an address", "JSON for HTML")
PAIRS = {f"{one}, then {other}": (one, other) for one in ENCODINGS for other in OTHERS}

tokens = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=4, max_size=40)
around = st.text("äöü中", max_size=6)


@pytest.mark.parametrize(("one", "other"), PAIRS.values(), ids=PAIRS)
@settings(deadline=None, max_examples=50)  # how fast the machine is, is no matter here
@given(token=tokens, before=around, after=around)
def test_no_encoding_hides_a_token(one: str, other: str, token: str, before: str, after: str) -> None:
    encoded = ENCODINGS[other](ENCODINGS[one](token))
    assert without(before + encoded + after, [token]) == f"{before}***{after}"


ours = st.text("abcXYZ019=/+-_:.<>'\"", min_size=4, max_size=40)


@settings(deadline=None, max_examples=50)  # how fast the machine is, is no matter here
@given(token=ours, choices=st.lists(st.sampled_from(sorted(ENCODINGS)), min_size=40, max_size=40))
def test_each_character_may_have_an_encoding_of_its_own(token: str, choices: list[str]) -> None:
    encoded = "".join(ENCODINGS[choice](letter) for choice, letter in zip(choices, token, strict=False))
    assert without(f"said: {encoded}.", [token]) == "said: ***."


@settings(deadline=None, max_examples=50)  # how fast the machine is, is no matter here
@given(token=st.text("abcdefghijklmnop", min_size=8, max_size=12), text=st.text("qrstuvwxyz &#;%\\", max_size=60))
def test_a_text_without_a_secret_stays_as_it_is(token: str, text: str) -> None:
    assert without(text, [token]) == text


def test_a_secret_that_begins_with_another_goes_whole() -> None:
    assert without("user:password", ["user", "user:password"]) == "***"


def test_short_secrets_would_blot_out_words() -> None:
    assert without("it is so", ["is"]) == "it is so"


def test_the_forms_of_a_real_token() -> None:
    token = "pL4nted/5d+0f=="  # made up
    basic = b64encode(token.encode()).decode()
    body = f'{{"error":"token pL4nted\\/5d\\u002b0f\\u003d= is unknown","raw":"{basic}"}}'
    assert without(body, [token, basic]) == '{"error":"token *** is unknown","raw":"***"}'
