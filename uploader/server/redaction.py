"""Redaction: removes secrets from what a server or proxy says, however they are encoded. Pure.

    s3cret=/   as it is            s3cret&#61;&#x2F;  s3cret&equals;&sol;   HTML
    s3cret%3D%2f   an address      s3cret\\u003d\\/  s3cret\\x3d              JSON and other program text

The text is searched as it is, and again after undoing one encoding, then another (HTML within JSON, for example). Each
letter remembers where it was in the text, so the right part is replaced.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

SHORTEST = 4
"""Shorter secrets are not replaced: that would hide ordinary words."""
BLOT = "***"
LAYERS = 4

_HTML = re.compile(r"&(?:#\d{1,7};?|#x[0-9a-f]{1,6};?|[a-z]\w{1,31};)", re.IGNORECASE | re.ASCII)
_PERCENT = re.compile(r"%[0-9a-f]{2}", re.IGNORECASE)
_BACKSLASH = re.compile(r"\\(?:u[0-9a-f]{4}|x[0-9a-f]{2}|[^\s])", re.IGNORECASE)
_KINDS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (_HTML, html.unescape),
    (_PERCENT, lambda found: chr(int(found[1:], 16))),
    (_BACKSLASH, lambda found: found[1:] if len(found) == 2 else chr(int(found.lstrip("\\UuXx"), 16))),
)


def without(text: str, secrets: Iterable[str]) -> str:
    """`text` with each of the secrets blotted out, however it is encoded; those that are too short stay."""
    sought = {decoded.text for secret in secrets for decoded in _decodings(secret)}
    sought |= {each.replace(" ", "+") for each in sought}  # as in an HTML form
    spans = sorted(
        span
        for decoded in _decodings(text)
        for each in sought
        if len(each) >= SHORTEST
        for span in _found(each, decoded)
    )
    clean, end = [], 0
    for first, last in spans:
        if first >= end:
            clean += [text[end:first], BLOT]
        end = max(end, last)
    return "".join((*clean, text[end:]))


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A text with encodings undone. `starts`: where each letter begins in the first text, and where the last ends."""

    text: str
    starts: tuple[int, ...]

    def undone(self, pattern: re.Pattern[str], decode: Callable[[str], str]) -> "_Decoded":
        parts, starts, end = [], [], 0
        for found in pattern.finditer(self.text):
            letters = decode(found[0])
            parts += [self.text[end : found.start()], letters]
            starts += [*self.starts[end : found.start()], *[self.starts[found.start()]] * len(letters)]
            end = found.end()
        return _Decoded("".join((*parts, self.text[end:])), (*starts, *self.starts[end:]))


def _decodings(text: str) -> Iterator[_Decoded]:
    """The text as it is, and each form of it with up to LAYERS encodings undone."""
    latest = {text: _Decoded(text, tuple(range(len(text) + 1)))}
    seen = set(latest)
    for _ in range(LAYERS):
        yield from latest.values()
        undone = [decoded.undone(*kind) for decoded in latest.values() for kind in _KINDS]
        latest = {decoded.text: decoded for decoded in undone if decoded.text not in seen}
        seen |= latest.keys()
    yield from latest.values()


def _found(secret: str, decoded: _Decoded) -> Iterator[tuple[int, int]]:
    at = decoded.text.find(secret)
    while at >= 0:
        yield decoded.starts[at], decoded.starts[at + len(secret)]
        at = decoded.text.find(secret, at + 1)
