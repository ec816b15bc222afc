from pathlib import Path

import pytest

from admin.health.survey import ALL_PROCESSES, is_locked


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
