"""This process as a user whom the rights of files hold back; root is not."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

NOBODY = 65534


@contextmanager
def ordinary_user() -> Iterator[None]:
    """No process of its own: another user may not even import what lies in a home of mode 0700."""
    os.seteuid(os.getuid() or NOBODY)
    try:
        yield
    finally:
        os.seteuid(os.getuid())


@contextmanager
def forbidden_port() -> Iterator[str]:
    """A terminal that only root may open."""
    ours, theirs = os.openpty()
    try:
        os.chmod(os.ttyname(theirs), 0)
        yield os.ttyname(theirs)
    finally:
        os.close(ours)
        os.close(theirs)
