"""Checks the upload in uploader.db: the last one, what is waiting, what was refused."""

from collections.abc import Iterator

from admin.doctor.finding import Finding, bad, bad_from, look, ok
from admin.health.health import Health
from admin.terminal.words import ago, count, duration

START = "start the uploader: sudo systemctl start solar-uploader"
LOG = "look at the uploader's log: journalctl -u solar-uploader"
LONG_SECONDS = 2 * 86400.0


def uploads(health: Health) -> Iterator[Finding]:
    """The findings; none if no upload is wanted."""
    if health.upload_error:
        yield bad_from(
            "uploads", health.upload_error, "rename uploader.db: all readings are then sent again, no duplicates"
        )
        return
    if health.upload is None and (health.error or not health.is_upload_wanted):
        return
    yield _last(health)
    yield _backlog(health)
    if health.upload and (refused := health.upload.dead_letters - health.upload.dead_letters_waiting):
        yield look("dead_letters", f"the server refused {count(refused, 'record')}", "see why: solar dead-letters list")


def _last(health: Health) -> Finding:
    upload = health.upload
    start = START if health.is_uploading is not None else "check that the uploader is running"
    if upload is None:
        return bad("uploads", "nothing has been uploaded yet", start)
    found = "never" if upload.last_upload_ms is None else f"last one {ago(health.age_seconds(upload.last_upload_ms))}"
    if upload.trouble:
        for_long = duration(max(health.age_seconds(upload.failing_since_ms or health.now_ms), 0))
        words = f"{found}; failing for {for_long}: {upload.reason}"
        if health.is_uploading:
            remedy = "nothing is lost, and the uploader tries again; first look at lines 31 to 37"
        elif upload.trouble == "misconfigured":
            remedy = f"correct the settings: look at lines 31 to 37; then {start}"
        else:
            remedy = start
        # An unreachable server comes back by itself; refused settings stay wrong until a person corrects them.
        return (bad if upload.trouble == "misconfigured" or not health.is_uploading else look)("uploads", words, remedy)
    if health.is_upload_stale:
        return bad("uploads", f"{found}; readings are waiting", LOG if health.is_uploading else start)
    note = f"; {upload.note}" if upload.note else ""
    return ok("uploads", f"{found}{note}")


def _backlog(health: Health) -> Finding:
    waiting = [count(number, stream[:-1]) for stream, number in (health.pending or {}).items() if number]
    if not waiting:
        return ok("backlog", "nothing is waiting")
    found = f"{', '.join(waiting)} waiting"
    if health.oldest_pending_ms is not None:
        found += f", the oldest from {ago(health.age_seconds(health.oldest_pending_ms))}"
    if health.drain_seconds is None:
        return ok("backlog", found)
    found += f"; about {duration(max(health.drain_seconds, 60))} to send on a good connection"
    if health.drain_seconds > LONG_SECONDS:
        return look("backlog", found, "nothing is lost; use a faster connection, or carry it by hand: solar pack")
    return ok("backlog", found)
