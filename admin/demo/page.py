"""The demonstration's page: the site's own page beside the simulated logger."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from admin.page.extra import LISTEN

if TYPE_CHECKING:
    from admin.page.server import Address


@contextmanager
def page_beside(data: Path) -> Iterator[str]:
    """The page of this data directory during the block; gives its address."""
    from admin.page.server import address, serving
    from admin.page.site import Site

    stop = threading.Event()
    site = Site(data, is_upload_wanted=False)
    site.watchers = 1  # somebody is about to open it
    thread = threading.Thread(target=site.run, args=(stop,), name="site")

    with serving(site, _free(address(LISTEN)), "", stop) as at:
        thread.start()
        try:
            yield at.url
        finally:
            stop.set()
            thread.join()


def _free(wanted: "Address") -> "Address":
    """The address, or another port where that is taken."""
    with socket.socket() as tried:
        return type(wanted)((wanted[0], 0 if tried.connect_ex(wanted) == 0 else wanted[1]))
