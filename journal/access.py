"""Access: why this user cannot use a file. Each step of its path is checked.

/var/lib/solar/journal.db    a directory that this user may not enter, a link to nothing, a file instead of a directory;
                             then the file itself; for writing also its directory and SQLite's files beside it
"""

import grp
import os
import pwd
import stat
from pathlib import Path

READ_ONLY = "the file system is read-only"
FULL = "the disk is full; free some space"
_BITS = {"enter": os.X_OK, "read": os.R_OK, "write to": os.W_OK}


def obstacle(path: Path, *, write: bool = False) -> str | None:
    """Why this user cannot read (`write`: change) `path`, as "cause; what to do"; None if nothing is in the way.

    A missing file is not an obstacle.
    """
    path = path.absolute()
    for each in (*reversed(path.parents), path):
        try:
            is_directory = stat.S_ISDIR(each.stat().st_mode)
        except FileNotFoundError:
            if each.is_symlink():
                return f"{each} is a link to {each.readlink()}, which does not exist; mount or create it"
            return _denied(each.parent, "write to") if write else None
        except PermissionError:  # a link to a place where this user may not look
            return obstacle(each.parent / each.readlink(), write=write) if each.is_symlink() else None
        except OSError:  # the system's own message says it best
            return None
        if not is_directory and each != path:
            return f"{each} is not a directory; set SOLAR_DATA to a directory"
        if found := _denied(each, "enter" if is_directory else "read"):
            return found
    if not write:
        return None
    beside = [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm", "-journal")]
    needed = [path] if path.is_dir() else [path.parent, *(each for each in beside if each.exists())]
    return next((found for each in needed if (found := _denied(each, "write to"))), None)


def state_of_disk(directory: Path) -> str | None:
    """The cause behind SQLite's "input/output error"; None if it cannot be seen.

    After a disk error the kernel itself makes a file system read-only.
    """
    try:
        disk = os.statvfs(directory)
    except OSError:
        return None
    if disk.f_flag & os.ST_RDONLY:
        return READ_ONLY
    return FULL if disk.f_bavail == 0 else None


def _denied(path: Path, verb: str) -> str | None:
    if os.access(path, _BITS[verb], effective_ids=True) or (verb == "write to" and state_of_disk(path) == READ_ONLY):
        return None
    status, user = path.stat(), _user(os.geteuid())
    denied = f"user {user} may not {verb} {path}, which belongs to {_user(status.st_uid)}"
    if status.st_uid == os.geteuid():
        return f"{denied}; give yourself the right: chmod u+rwX {path}"
    group = _group_of_use(status, _BITS[verb])
    if group is None:
        return f"{denied}; run it with sudo"
    if user in group.gr_mem:
        return f"{denied}; you joined its group {group.gr_name} after this login: log in again; until then use sudo"
    join = f"join its group (sudo usermod -aG {group.gr_name} {user})"
    return f"{denied}; run it with sudo, or {join} and log in again"


def _group_of_use(status: os.stat_result, bit: int) -> grp.struct_group | None:
    """The group that owns it, if joining it would help; never root's group."""
    gid = status.st_gid
    if gid == 0 or gid in (os.getegid(), *os.getgroups()) or not status.st_mode >> 3 & bit:
        return None
    try:
        return grp.getgrgid(gid)
    except KeyError:
        return None


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
