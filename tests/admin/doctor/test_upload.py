import pytest

from admin.doctor.finding import Finding
from admin.doctor.upload import uploads
from admin.health.health import Health
from tests.admin.health.test_health import HOUR_MS, NOW_MS, upload


def findings(**values: object) -> list[Finding]:
    well: dict[str, object] = {"now_ms": NOW_MS, "data": "data", "upload": upload()}
    runs = {"is_upload_wanted": True, "is_uploading": True}
    return list(uploads(Health(**(well | runs | values))))  # type: ignore[arg-type]


def told(found: list[Finding]) -> list[tuple[str, str, str]]:
    return [(finding.name, finding.verdict.value, finding.found) for finding in found]


def test_all_is_sent() -> None:
    assert told(findings(pending={"readings": 0})) == [
        ("uploads", "ok", "last one 30 seconds ago"),
        ("backlog", "ok", "nothing is waiting"),
    ]


def test_a_backlog_and_when_it_will_be_sent() -> None:
    pending = {"readings": 8640, "days": 1, "events": 0}
    values = {"pending": pending, "oldest_pending_ms": NOW_MS - 24 * HOUR_MS, "upload": upload(last_upload_ms=NOW_MS)}
    assert told(findings(drain_seconds=180.0, **values))[1] == (
        "backlog",
        "ok",
        "8,640 readings, 1 day waiting, the oldest from 24 hours ago; about 3 minutes to send on a good connection",
    )
    assert findings(drain_seconds=3 * 86400.0, **values)[1].verdict.value == "look"


@pytest.mark.parametrize(
    ("values", "verdict", "words"),
    [
        (
            {"upload": upload(trouble="unreachable", reason="no route", failing_since_ms=NOW_MS - HOUR_MS)},
            "look",
            "last one 30 seconds ago; failing for 1 hour: no route",
        ),
        (
            {"upload": upload(trouble="unreachable", reason="no route"), "is_uploading": False},
            "bad",
            "last one 30 seconds ago; failing for 0 seconds: no route",
        ),
        (
            {"upload": upload(trouble="misconfigured", reason="wrong token", last_upload_ms=None)},
            "bad",
            "never; failing for 0 seconds: wrong token",
        ),
        (
            {
                "upload": upload(last_upload_ms=NOW_MS - HOUR_MS),
                "pending": {"readings": 9},
                "oldest_pending_ms": NOW_MS - HOUR_MS,
                "is_uploading": False,
            },
            "bad",
            "last one 1 hour ago; readings are waiting",
        ),
        ({"upload": upload(note="it goes slowly")}, "ok", "last one 30 seconds ago; it goes slowly"),
        ({"upload": None}, "bad", "nothing has been uploaded yet"),
        ({"upload_error": "cannot open uploader.db: it is damaged"}, "bad", "cannot open uploader.db: it is damaged"),
    ],
    ids=["offline", "offline and no uploader", "refused", "no uploader", "a note", "never", "damaged"],
)  # fmt: skip
def test_how_the_upload_fares(values: dict[str, object], verdict: str, words: str) -> None:
    finding = findings(**values)[0]  # type: ignore[arg-type]
    assert (finding.verdict.value, finding.found) == (verdict, words)


@pytest.mark.parametrize(
    ("is_uploading", "remedy"),
    [
        (True, "nothing is lost, and the uploader tries again; first look at lines 31 to 37"),
        (
            False,
            "correct the settings: look at lines 31 to 37; then start the uploader: "
            "sudo systemctl start solar-uploader",
        ),
    ],
)
def test_starting_the_uploader_does_not_help_against_a_token_that_is_refused(
    *, is_uploading: bool, remedy: str
) -> None:
    refused = upload(trouble="misconfigured", reason="wrong token")
    assert findings(upload=refused, is_uploading=is_uploading)[0].remedy == remedy


def test_a_damaged_uploader_db_says_what_to_do() -> None:
    finding = findings(upload_error="cannot read uploader.db: the file is damaged; restart the uploader")[0]
    assert (finding.found, finding.remedy) == ("cannot read uploader.db: the file is damaged", "restart the uploader")
    finding = findings(upload_error="cannot read uploader.db: the disk is full; free some space")[0]
    assert finding.remedy == "free some space, see line 15 (Disk)"


@pytest.mark.parametrize(
    ("is_uploading", "remedy"),
    [
        (True, "look at the uploader's log: journalctl -u solar-uploader"),
        (False, "start the uploader: sudo systemctl start solar-uploader"),
        (None, "check that the uploader is running"),
    ],
)
def test_what_to_do_about_readings_that_wait_for_long(is_uploading: bool | None, remedy: str) -> None:
    values = {"upload": upload(last_upload_ms=None), "oldest_pending_ms": NOW_MS - 26 * HOUR_MS}
    finding = findings(is_uploading=is_uploading, **values)[0]
    assert (finding.found, finding.remedy) == ("never; readings are waiting", remedy)


def test_records_that_the_server_refused_are_told() -> None:
    finding = findings(upload=upload(dead_letters=3, dead_letters_waiting=2))[-1]
    assert (finding.name, finding.found) == ("dead_letters", "the server refused 1 record")


def test_where_an_uploader_cannot_be_seen_nobody_is_told_to_start_one() -> None:
    assert findings(upload=None, is_uploading=None)[0].remedy == "check that the uploader is running"


@pytest.mark.parametrize("values", [{"is_upload_wanted": False}, {"error": "there is no journal"}])
def test_where_nothing_is_or_can_be_sent_there_is_nothing_to_tell(values: dict[str, object]) -> None:
    assert findings(upload=None, **values) == []
