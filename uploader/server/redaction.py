"""Redaction: removes secrets from what a server or proxy says, however they are encoded. Pure.

    s3cret=/   as it is            s3cret&#61;&#x2F;  s3cret&equals;&sol;   HTML
    s3cret%3D%2f   an address      s3cret\\u003d\\/  s3cret\\x3d              JSON and other program text

The text is searched as it is, and after undoing one encoding, then another (HTML within JSON, for example). Where a
secret is found in an encoding, the whole text is shown without it.
"""

import html
import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from functools import partial
from urllib.parse import unquote

SHORTEST = 4
"""Shorter secrets are not replaced: that would hide ordinary words."""
BLOT = "***"
LAYERS = 4

_DECODERS: tuple[Callable[[str], str], ...] = (
    html.unescape,
    partial(unquote, encoding="latin-1"),
    partial(
        re.compile(r"\\(?:u[0-9a-f]{4}|x[0-9a-f]{2}|[^\s])", re.IGNORECASE).sub,
        lambda found: found[0][1:] if len(found[0]) == 2 else chr(int(found[0].lstrip("\\UuXx"), 16)),
    ),
)


def without(text: str, credentials: Iterable[str]) -> str:
    """`text` with each token and `user:password` blotted out, however it is encoded: whole, the password alone, and as
    in Basic. Those that are too short stay."""
    secrets = {form for each in credentials for form in (each, each.partition(":")[2], base64(each))}
    sought = {form for secret in secrets for form in _decoded(secret) | _decoded(secret.rstrip("="))}
    sought |= {each.replace(" ", "+") for each in sought}  # as in an HTML form
    longest_first = sorted((each for each in sought if len(each) >= SHORTEST), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
    while found := [form for form in _decoded(text) if pattern.search(form)]:
        text = pattern.sub(BLOT, min(found, key=len))
    return text


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _decoded(text: str) -> set[str]:
    """The text as it is, and each form of it with up to LAYERS encodings undone."""
    forms = {text}
    for _ in range(LAYERS):
        forms |= {decode(form) for form in forms for decode in _DECODERS}
    return forms
