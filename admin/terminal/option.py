"""An option as a command declares it: what typer.Option takes, but without importing typer."""

from collections.abc import Callable
from typing import Any


class Option:
    """To stand in `Annotated`. What is only for the help is in `shown`.

    Without `metavar` it is a flag: "--wait/--no-wait", or names that all mean yes.
    """

    def __init__(
        self,
        *names: str,
        envvar: str | list[str] | None = None,
        parser: Callable[[str], Any] | None = None,
        metavar: str | None = None,
        **shown: Any,
    ) -> None:
        self.names = names
        self.envvar = envvar
        self.parser = parser
        self.metavar = metavar
        self.shown = shown

    @property
    def variables(self) -> list[str]:
        return [self.envvar] if isinstance(self.envvar, str) else self.envvar or []
