"""The `solar` command, which also tells of each record that `append` returned for, or dies at a chosen moment.

python -m tests.reliability.telling log …       with SOLAR_TELL_FD, a pipe: "about to append", then, when that has
                                                returned, "readings 17 5000": table, id and uptime in ms
python -m tests.reliability.telling upload …    with SOLAR_DIE "before" or "after": SIGKILL by its own hand, before
                                                or after it wrote down in uploader.db what an answer had settled
"""

import os
import signal

from admin.cli import main
from journal.reading import Event, Reading, Record
from journal.writer import JournalWriter
from uploader.progress.batch_size import BatchSize
from uploader.progress.progress import Progress, Settled
from uploader.progress.state import State

append, settle = JournalWriter.append, Progress.settle


def append_and_tell(self: JournalWriter, record: Record, *, is_held: bool = False) -> int:
    tell("about to append")
    record_id = append(self, record, is_held=is_held)
    assert isinstance(record, Reading | Event)
    tell(f"{'readings' if isinstance(record, Reading) else 'events'} {record_id} {record.uptime_ms}")
    return record_id


def tell(words: str) -> None:
    os.write(int(os.environ["SOLAR_TELL_FD"]), f"{words}\n".encode())


def settle_and_die(self: Progress, settled: Settled, state: State, size: BatchSize) -> None:
    if os.environ["SOLAR_DIE"] == "after":
        settle(self, settled, state, size)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    if "SOLAR_TELL_FD" in os.environ:
        JournalWriter.append = append_and_tell  # type: ignore[method-assign]
    if "SOLAR_DIE" in os.environ:
        Progress.settle = settle_and_die  # type: ignore[method-assign]
    main()
