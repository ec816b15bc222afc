"""Opens the serial port, or says why it cannot."""

import errno
from pathlib import Path
from typing import Any

import serial

from journal.errors import BadSetting, PortMissing
from journal.holders import lock_holders
from logger.line.exchange import SLICE_SECONDS

BAUD_RATES = (300, 1200, 2400, 9600)


def open_port(url: str, baud: int) -> Any:
    """A pyserial port, locked for us if it is a device: 8N1, no flow control, DTR and RTS on to power the PLI.

    Raises BadSetting for a baud rate that the PLI does not have or a URL that pyserial does not know; PortMissing,
    which says what to do, when the port cannot be opened.
    """
    if baud not in BAUD_RATES:
        raise BadSetting(f"cannot use SOLAR_BAUD={baud}: the PLI has {', '.join(map(str, BAUD_RATES))}")
    options: dict[str, Any] = {} if "://" in url else {"exclusive": True}
    try:
        return serial.serial_for_url(url, baudrate=baud, timeout=SLICE_SECONDS, write_timeout=2, **options)
    except ValueError as error:
        raise BadSetting(f"cannot use SOLAR_PORT={url}: {error}; it must be a device path or a pyserial URL") from error
    except OSError as error:
        raise PortMissing(f"cannot open {url}: {_cause(url, error)}") from error


def _cause(url: str, error: OSError) -> str:
    if "://" in url:
        return f"{_words(error)}; check host and port, and that the serial server is on"
    match error.errno:
        case errno.ENOENT | errno.ENXIO | errno.ENODEV:
            return "there is no such port; is the adapter plugged in? `ls /dev/serial/by-id` shows which are there"
        case errno.EACCES | errno.EPERM:
            return "permission denied; `sudo adduser $USER dialout`, then log in again"
        case errno.EAGAIN | errno.EBUSY:
            return f"{_holder(url)} is using it; only one program at a time can"
    return f"{_words(error)}; is it a serial port?"


def _words(error: OSError) -> str:
    """The operating system's message, without pyserial's words around it."""
    inner = error.__context__
    words = inner.args[1] if inner and len(inner.args) > 1 else error.strerror or error
    return str(words)[:1].lower() + str(words)[1:]


def _holder(path: str) -> str:
    """Who holds the lock on `path`, as far as the kernel shows: "solar (process 123)", or "another program"."""
    return str(next(iter(lock_holders(Path(path)) or ()), "another program"))
