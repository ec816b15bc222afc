import pytest

from admin.health.health import Disk, Health, Upload, attention
from journal.reading import Event, Reading

NOW_MS = 1_767_225_600_000
HOUR_MS = 3_600_000


def upload(**values: object) -> Upload:
    well: dict[str, object] = {
        "last_upload_ms": NOW_MS - 30_000,
        "failing_since_ms": None,
        "trouble": None,
        "reason": None,
        "note": None,
        "is_slowed": False,
        "new_since_ms": None,
        "expired": 0,
        "dead_letters": 0,
        "dead_letters_waiting": 0,
        "bytes_today": 0,
        "bytes_this_month": 0,
    }
    return Upload(**(well | values))  # type: ignore[arg-type]


def disk(**values: object) -> Disk:
    well: dict[str, object] = {
        "free_bytes": 10**10,
        "total_bytes": 3 * 10**10,
        "journal_bytes": 10**7,
        "journal_bytes_per_day": 2e6,
    }
    return Disk(**(well | values))  # type: ignore[arg-type]


def health(**values: object) -> Health:
    well: dict[str, object] = {
        "now_ms": NOW_MS,
        "data": "data",
        "is_logging": True,
        "reading": Reading(time_ms=NOW_MS - 9000, boot=1, uptime_ms=1),
        "readings": 5000,
        "interval_seconds": 10.0,
        "pending": {"readings": 3, "days": 0, "events": 0},
        "oldest_pending_ms": NOW_MS - 29_000,
        "upload": upload(),
        "is_upload_wanted": True,
        "disk": disk(),
    }
    return Health(**(well | values))  # type: ignore[arg-type]


def before(milliseconds: int) -> Reading:
    return Reading(time_ms=NOW_MS - milliseconds, boot=1, uptime_ms=1)


SILENT = Event(time_ms=1, boot=1, uptime_ms=1, kind="regulator_silent", message="cannot reach the PLI: nothing answers")


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"upload": None, "pending": None, "is_upload_wanted": False},
        {"reading": before(110_000)},
        {"reading": before(300_000), "interval_seconds": 60.0},
        {"upload": upload(last_upload_ms=NOW_MS - 24 * HOUR_MS), "pending": {"readings": 0}, "oldest_pending_ms": None},
        {"upload": upload(dead_letters=2, dead_letters_waiting=2)},
        {"upload": upload(note="the backlog goes out slowly")},
        {"upload": upload(last_upload_ms=None), "oldest_pending_ms": NOW_MS - 10_000},
        {
            "upload": upload(last_upload_ms=NOW_MS - HOUR_MS, is_slowed=True),
            "oldest_pending_ms": NOW_MS - 9 * HOUR_MS,
        },
        {"upload": upload(last_upload_ms=NOW_MS - 24 * HOUR_MS), "oldest_pending_ms": 1, "is_uploading": True},
        {"disk": None},
        {"disk": disk(journal_bytes_per_day=None)},
    ],
    ids=[
        "all is well",
        "logging alone",
        "a reading was missed",
        "readings are rare",
        "sent long ago, nothing new since",
        "dead letters to be tried again",
        "a note",
        "the first upload has begun",
        "the monthly limit slows the backlog",
        "the uploader runs and sends once a day",
        "the disk is unknown",
        "growth is unknown",
    ],
)
def test_nothing_needs_attention_when(values: dict[str, object]) -> None:
    assert attention(health(**values)) == []


@pytest.mark.parametrize(
    ("values", "point"),
    [
        (
            {"error": "cannot open data/journal.db: there is no such file", "reading": None, "disk": None},
            "cannot open data/journal.db: there is no such file",
        ),
        (
            {"reading": None},
            "there is no reading yet: the logger has just started, or the regulator does not answer",
        ),
        (
            {"reading": None, "trouble": SILENT},
            "there is no reading yet: cannot reach the PLI: nothing answers",
        ),
        (
            {"reading": before(5 * 60_000), "trouble": SILENT},
            "the last reading was 5 minutes ago: cannot reach the PLI: nothing answers",
        ),
        (
            {"reading": before(5 * 60_000)},
            "the last reading was 5 minutes ago: the logger is running but gets no readings; see its log "
            "(journalctl -u solar-logger)",
        ),
        (
            {"reading": before(50 * HOUR_MS), "is_logging": False},
            "the last reading was 2 days ago: the logger is not running here; start it (systemctl start "
            "solar-logger, or `solar log`)",
        ),
        (
            {"reading": before(-10 * 60_000)},
            "the last reading is 10 minutes in the future: this computer's clock is or was wrong",
        ),
        (
            {"aside": ("data/journal-damaged-1.db",)},
            "a damaged journal was set aside: `solar recover data/journal-damaged-1.db` recovers what is readable",
        ),
        (
            {"upload": None},
            "nothing has been uploaded yet: start the uploader (systemctl start solar-uploader, or `solar upload`)",
        ),
        (
            {"upload": upload(trouble="unreachable", reason="no route", failing_since_ms=NOW_MS - 3 * HOUR_MS)},
            "InfluxDB has been unreachable for 3 hours: no route; nothing is lost",
        ),
        (
            {"upload": upload(trouble="misconfigured", reason="wrong token", failing_since_ms=NOW_MS - 61_000)},
            "InfluxDB has refused the settings for 1 minute: wrong token; nothing is lost",
        ),
        (
            {"upload": upload(last_upload_ms=NOW_MS - HOUR_MS), "oldest_pending_ms": NOW_MS - HOUR_MS},
            "readings are waiting, but no uploader sends them: start it (systemctl start solar-uploader)",
        ),
        (
            {
                "upload": upload(last_upload_ms=NOW_MS - HOUR_MS, is_slowed=True, new_since_ms=NOW_MS - HOUR_MS + 1),
                "oldest_pending_ms": NOW_MS - 9 * HOUR_MS,
            },
            "readings are waiting, but no uploader sends them: start it (systemctl start solar-uploader)",
        ),
        (
            {
                "upload": upload(last_upload_ms=NOW_MS - 26 * HOUR_MS),
                "oldest_pending_ms": NOW_MS - 26 * HOUR_MS,
                "is_uploading": True,
            },
            "readings are waiting, and the uploader runs but sends none; see its log (journalctl -u solar-uploader)",
        ),
        (
            {"upload": upload(dead_letters=3, dead_letters_waiting=2)},
            "InfluxDB refused 1 record: `solar dead-letters list` says why",
        ),
        (
            {"disk": disk(free_bytes=10**8)},
            "the disk has only 100 MB free, full in 50 days at this pace: free some space, or set SOLAR_KEEP_DAYS",
        ),
        (
            {"disk": disk(free_bytes=4 * 10**8, journal_bytes_per_day=4e7)},
            "the disk has only 400 MB free, full in 10 days at this pace: free some space, or set SOLAR_KEEP_DAYS",
        ),
    ],
)
def test_what_needs_attention_is_said_in_one_sentence(values: dict[str, object], point: str) -> None:
    assert attention(health(**values)) == [point]


def test_the_gravest_comes_first() -> None:
    points = attention(
        health(
            reading=before(HOUR_MS),
            upload=upload(trouble="unreachable", reason="no route", dead_letters=1),
            disk=disk(free_bytes=1),
        )
    )
    assert [point.split()[1] for point in points] == ["last", "has", "refused", "disk"]
