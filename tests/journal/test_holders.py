import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from journal.holders import ALL_PROCESSES, Process, is_locked, lock_holders, users_of


@pytest.mark.parametrize("namespace", [ALL_PROCESSES, "pid:[4026532201]"], ids=["the computer", "a container"])
def test_only_where_all_processes_are_seen_is_a_lock_that_is_not_there_known_to_be_free(
    namespace: str, tmp_path: Path
) -> None:
    lock, proc = tmp_path / "journal.lock", tmp_path / "proc"
    (proc / "self" / "ns").mkdir(parents=True)
    (proc / "self" / "ns" / "pid").symlink_to(namespace)
    (proc / "locks").write_text("1: POSIX  ADVISORY  WRITE 7 08:01:5 0 EOF\n")
    assert is_locked(lock, proc) is False
    lock.touch()
    assert is_locked(lock, proc) is (False if namespace == ALL_PROCESSES else None)
    with (proc / "locks").open("a") as locks:
        locks.write(f"2: FLOCK  ADVISORY  WRITE 8 08:01:{lock.stat().st_ino} 0 EOF\n")
    assert is_locked(lock, proc) is True
    (proc / "locks").unlink()
    assert is_locked(lock, proc) is None


def test_who_locks_a_file_is_told_by_the_real_kernel(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("w") as file:
        assert not lock_holders(path)
        fcntl.flock(file, fcntl.LOCK_EX)
        assert [each.number for each in lock_holders(path) or ()] == [os.getpid()]
        assert users_of(path) == []


def test_who_has_a_device_open_is_told_by_the_real_kernel() -> None:
    with open("/dev/full", "rb") as device, subprocess.Popen(["sleep", "60"], stdin=device) as process:
        try:
            assert Process(process.pid, "sleep") in users_of(Path("/dev/full"))
        finally:
            process.kill()


def test_a_proc_that_tells_nothing_is_no_failure(tmp_path: Path) -> None:
    assert (users_of(Path("/dev/null"), tmp_path), lock_holders(Path("/dev/null"), tmp_path)) == ([], None)


def test_a_file_of_another_disk_with_the_same_number_is_another_file(tmp_path: Path) -> None:
    """Each file system numbers its files by itself, and those of /run and /dev have small numbers."""
    lock, proc = tmp_path / "journal.lock", tmp_path / "proc"
    (proc / "self" / "ns").mkdir(parents=True)
    (proc / "self" / "ns" / "pid").symlink_to(ALL_PROCESSES)
    lock.touch()
    (proc / "self" / "mountinfo").write_text(
        f"22 1 8:17 / / rw - ext4 /dev/root rw\n24 22 0:26 / {tmp_path} rw - tmpfs tmpfs rw\n"
    )
    for device, found in (("08:11", False), ("00:1a", True)):
        (proc / "locks").write_text(f"2: FLOCK  ADVISORY  WRITE 8 {device}:{lock.stat().st_ino} 0 EOF\n")
        assert is_locked(lock, proc) is found
