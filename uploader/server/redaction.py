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

SHORTEST = 4
"""Shorter secrets are not replaced: that would hide ordinary words."""
BLOT = "***"
LAYERS = 4

_HTML = re.compile(r"&(?:#\d{1,7};?|#x[0-9a-f]{1,6};?|[a-z]\w{1,31};)", re.IGNORECASE | re.ASCII)
_PERCENT = re.compile(r"%[0-9a-f]{2}", re.IGNORECASE)
_BACKSLASH = re.compile(r"\\(?:u[0-9a-f]{4}|x[0-9a-f]{2}|[^\s])", re.IGNORECASE)
_KINDS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_HTML, lambda found: html.unescape(found[0])),
    (_PERCENT, lambda found: chr(int(found[0][1:], 16))),
    (_BACKSLASH, lambda found: found[0][1:] if len(found[0]) == 2 else chr(int(found[0].lstrip("\\UuXx"), 16))),
)


def without(text: str, credentials: Iterable[str]) -> str:
    """`text` with each token and `user:password` blotted out, however it is encoded: whole, the password alone, and as
    in Basic. Those that are too short stay."""
    secrets = {
        form for each in credentials for form in (each, each.partition(":")[2], b64encode(each.encode()).decode())
    }
    secrets |= {each.rstrip("=") for each in secrets}
    sought = {form for secret in secrets for form in _decoded(secret)}
    sought |= {each.replace(" ", "+") for each in sought}  # as in an HTML form
    longest_first = sorted((each for each in sought if len(each) >= SHORTEST), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
    while found := [form for form in _decoded(text) if pattern.search(form)]:
        text = pattern.sub(BLOT, min(found, key=len))
    return text


def _decoded(text: str) -> set[str]:
    """The text as it is, and each form of it with up to LAYERS encodings undone."""
    forms = {text}
    for _ in range(LAYERS):
        forms |= {pattern.sub(decode, form) for form in forms for pattern, decode in _KINDS}
    return forms
