"""The `solar` command: where it starts, and every error as one line.

Exit codes:

0    done (status: all is well)
1    something in the surroundings is wrong (status: something needs attention)
2    the command line or a setting is wrong
70   a fault in this program: a traceback, for us; systemd starts a service again
130  Ctrl-C; 143 SIGTERM, if a command does not stop by itself
"""

import errno
import io
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NoReturn

from admin.terminal.plain_start import service
from admin.terminal.usage_errors import explain, is_abort, is_usage_error, sanitized
from journal.errors import BadSetting, SolarError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def run(arguments: list[str]) -> int:
    """Run one command and return the exit code. An expected error is one line on standard error, not a traceback."""
    try:
        if "_SOLAR_COMPLETE" in os.environ:
            from typer._completion_classes import completion_init

            completion_init()  # the shell asks what could come next; typer answers
        load_env_file(Path(".env"))
        with logging_put_back():
            start = service(arguments)
            if start is None:
                from admin.terminal.application import root

                start = partial(root().main, arguments or ["--help"], prog_name="solar", standalone_mode=False)
            code = start()
        sys.stdout.flush()
        return 2 if not arguments else int(code or 0)
    except SolarError as error:
        print(sanitized(str(error)), file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # Whoever reads our output has closed it (export | head).
        discard_output()
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001  # the last resort: show any error and end
        if is_abort(error):
            return 130
        if is_usage_error(error):
            print(explain(error), file=sys.stderr)
            return 2
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            discard_output()
            words = os.strerror(error.errno).lower()
            print(f"cannot write the output: {words}; free some space, or write it somewhere else", file=sys.stderr)
            return 1
        traceback.print_exc()
        return 70


@contextmanager
def logging_put_back() -> Iterator[None]:
    """Restore the process's logging after the block, if the process has any: most commands do not import it."""
    if "logging" not in sys.modules:
        yield
        return
    import logging

    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)


def discard_output() -> None:
    """Point standard output at /dev/null: otherwise Python fails again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def load_env_file(path: Path) -> None:
    """Set the variables in the file, except those that are already set."""
    if not os.path.exists(path):  # also False if this user may not look
        return
    from dotenv import load_dotenv

    try:
        load_dotenv(path, override=False)
    except (OSError, ValueError) as error:
        cause = "it is not a text file" if isinstance(error, UnicodeError) else error
        raise BadSetting(f"cannot read {path.resolve()}: {cause}; fix it or remove it") from error


def main() -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # In every locale exports are UTF-8, and no character in a message causes an error.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(run(sys.argv[1:]))
