"""Questions to a real InfluxDB 1.x, to a double of 2.x, and to who is neither."""

import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from journal.errors import UploadError
from tests.dashboards.conftest import are_valid_flux  # noqa: F401
from tests.servers import Database, VictoriaMetrics, free_port, influxdb_1
from tests.uploader.flux_double import CSV, FluxDouble, Reply, json_reply
from tests.uploader.stored import Point, Stored
from uploader.flux import Flux
from uploader.query import Query
from uploader.question import HOUR_MS, Question
from uploader.target import Target

BEGIN_MS = 1_767_225_600_000
QUESTION = Question("solar", "home", ("battery_volts", "load_amps"), BEGIN_MS, BEGIN_MS + 3 * HOUR_MS)
LINES = [
    f"solar,model=PL80,site=home battery_volts=25,load_amps=1 {BEGIN_MS}",
    f"solar,model=PL80,site=home battery_volts=25 {BEGIN_MS + 1}",
    f"solar,model=PL60,site=home load_amps=1 {BEGIN_MS + 2}",
    f"solar,model=PL80,site=home alarm=0 {BEGIN_MS + 3}",
    f"solar,model=PL80,site=hut battery_volts=25 {BEGIN_MS + 4}",
    f"solar_day,site=home battery_volts=25 {BEGIN_MS + 5}",
    f"solar,model=PL80,site=home battery_volts=25 {BEGIN_MS + 2 * HOUR_MS}",
    f"solar,model=PL80,site=home battery_volts=25 {BEGIN_MS + 3 * HOUR_MS}",
]
COUNTS = {BEGIN_MS: {"battery_volts": 2, "load_amps": 2}, BEGIN_MS + 2 * HOUR_MS: {"battery_volts": 1}}
TIMES = {BEGIN_MS, BEGIN_MS + 1, BEGIN_MS + 2, BEGIN_MS + 2 * HOUR_MS}


def asking(target: Target) -> Query:
    return Query(target, connect_seconds=2, read_seconds=5, first_wait_seconds=0.001)


def write(database: Database, lines: list[str]) -> None:
    url = f"{database.server.url}/write?db={database.name}&precision=ms"
    with urllib.request.urlopen(url, "\n".join(lines).encode(), timeout=10) as answer:
        assert answer.status == 204


def refusal(target: Target) -> str:
    with asking(target) as query, pytest.raises(UploadError) as caught:
        query.counts(QUESTION)
    return str(caught.value)


class TestInfluxDB1:
    def test_counts_by_hour_and_field_and_the_times_of_points(self, database: Database) -> None:
        write(database, LINES)
        with asking(database.target) as query:
            assert query.counts(QUESTION) == COUNTS
            assert query.times(QUESTION) == TIMES
            assert query.times(QUESTION.between(BEGIN_MS + 1, BEGIN_MS + 2)) == {BEGIN_MS + 1}
            assert query.retention_seconds() is None

    def test_nothing_there_is_an_answer(self, database: Database) -> None:
        with asking(database.target) as query:
            assert (query.counts(QUESTION), query.times(QUESTION)) == ({}, set())

    @pytest.mark.parametrize("site", ["it's", 'a "quoted" one', "Zoë, 2=3", "back\\slash"])
    def test_a_site_of_any_name_is_found(self, site: str, database: Database) -> None:
        tag = site.replace(" ", "\\ ").replace(",", "\\,").replace("=", "\\=")
        write(database, [f"solar,site={tag} battery_volts=25 {BEGIN_MS}"])
        with asking(database.target) as query:
            assert query.times(replace(QUESTION, site=site)) == {BEGIN_MS}

    def test_the_retention_policy_that_is_written_to_tells_how_long_points_are_kept(self, database: Database) -> None:
        database.server.query(f'CREATE RETENTION POLICY "weeks" ON {database.name} DURATION 2w REPLICATION 1')
        with asking(replace(database.target, bucket=f"{database.name}/weeks")) as query:
            assert query.retention_seconds() == 14 * 86400
        database.server.query(
            f'ALTER RETENTION POLICY "weeks" ON {database.name} DURATION 36h SHARD DURATION 1h DEFAULT'
        )
        with asking(database.target) as query:
            assert query.retention_seconds() == 36 * 3600

    def test_a_database_that_is_not_there_is_no_loss(self, database: Database) -> None:
        assert refusal(replace(database.target, bucket="nowhere")) == (
            f"cannot audit {database.server.url}: the server says: database not found: nowhere; "
            "check INFLUXDB_BUCKET and INFLUXDB_ORG"
        )

    def test_a_password_is_needed_where_the_server_wants_one(self, tmp_path: Path) -> None:
        with influxdb_1(tmp_path, free_port(), auth=True) as server:
            server.query("CREATE USER admin WITH PASSWORD 'secret' WITH ALL PRIVILEGES")
            server.query("CREATE DATABASE t")
            with asking(Target(server.url, "admin:secret", "ignored", "t")) as query:
                assert query.counts(QUESTION) == {}
            words = refusal(Target(server.url, "admin:wrong-one", "ignored", "t"))
        assert "the server refuses the token (401: authorization failed)" in words
        assert "wrong-one" not in words


class TestInfluxDB2:
    @pytest.fixture
    def double(self) -> Iterator[FluxDouble]:
        stored = Stored(
            [Point(BEGIN_MS, fields=("battery_volts", "load_amps")), Point(BEGIN_MS + 1), Point(BEGIN_MS + HOUR_MS)]
        )
        with FluxDouble(stored) as double:
            yield double

    def test_counts_by_hour_and_field_and_the_times_of_points(self, double: FluxDouble) -> None:
        with asking(double.target) as query:
            first, second = {"battery_volts": 2, "load_amps": 1}, {"battery_volts": 1}
            assert query.counts(QUESTION) == {BEGIN_MS: first, BEGIN_MS + HOUR_MS: second}
            assert query.times(QUESTION) == {BEGIN_MS, BEGIN_MS + 1, BEGIN_MS + HOUR_MS}
            assert query.counts(replace(QUESTION, site="hut")) == {}
        assert set(double.tokens) == {"Token s3cret-token"}

    def test_the_bucket_tells_how_long_points_are_kept(self, double: FluxDouble) -> None:
        double.retention_seconds = 86400
        with asking(double.target) as query:
            assert query.retention_seconds() == 86400

    def test_a_server_whose_flux_knows_no_buckets_can_be_asked_all_the_same(self, double: FluxDouble) -> None:
        double.script = [json_reply(400, "invalid", "undefined identifier buckets")]
        with asking(double.target) as query:
            assert query.retention_seconds() is None
            assert query.times(QUESTION)

    def test_an_hour_that_begins_before_the_stretch_keeps_its_name(self, double: FluxDouble) -> None:
        """InfluxDB cuts the first window at the stretch's beginning."""
        double.script = [
            Reply(),
            Reply(
                body=",result,table,_time,_field,_value\r\n,_result,0,2026-01-01T00:20:00.5Z,battery_volts,7\r\n\r\n"
            ),
        ]
        with asking(double.target) as query:
            assert query.counts(QUESTION) == {BEGIN_MS: {"battery_volts": 7}}

    def test_what_may_pass_is_asked_again(self, double: FluxDouble) -> None:
        double.script = [json_reply(503, "unavailable", "busy"), Reply(502, "<html>", {"Content-Type": "text/html"})]
        with asking(double.target) as query:
            assert len(query.times(QUESTION)) == 3

    @pytest.mark.parametrize(
        ("reply", "words"),
        [
            pytest.param(
                Reply(200, "<html><title>Welcome</title></html>", {"Content-Type": "text/html"}),
                "something between here and the server answers in its place (200: Welcome)",
                id="login page",
            ),
            pytest.param(
                Reply(200, "", {"Content-Type": "text/plain"}),
                "something between here and the server answers in its place (200: no further words)",
                id="empty answer of a stranger",
            ),
            pytest.param(
                Reply(302, "", {"Location": "http://portal.example"}), "answers in its place (302", id="redirect"
            ),
            pytest.param(Reply(204), "answers in its place (204", id="no content"),
            pytest.param(
                json_reply(404, "not found", 'failed to initialize execute state: could not find bucket "b"'),
                "that the token may read: one that may only write cannot",
                id="bucket unknown, or a token that may only write",
            ),
            pytest.param(
                json_reply(401, "unauthorized", "unauthorized access to s3cret-token"),
                "the server refuses the token (401: unauthorized access to ***)",
                id="token wrong",
            ),
            pytest.param(
                Reply(200, "error,reference\r\npanic: out of memory s3cret-token,897\r\n\r\n"),
                "the server says: panic: out of memory ***",
                id="error after 200",
            ),
            pytest.param(
                Reply(200, ",result,table,_time,_field,_value\r\n,_result,0,2026-01-01T", CSV, claims_bytes=5000),
                "the answer was cut short",
                id="cut answer",
            ),
            pytest.param(
                json_reply(500, "internal error", "out of memory"),
                "the server does not answer the question (500: out of memory)",
                id="server error",
            ),
        ],
    )
    def test_what_is_no_answer_is_not_taken_for_a_loss(self, reply: Reply, words: str, double: FluxDouble) -> None:
        double.script = [Reply(), *[reply] * 3]
        refused = refusal(double.target)
        assert words in refused
        assert "s3cret" not in refused

    def test_half_of_a_long_answer_is_not_taken_for_a_loss(self, double: FluxDouble) -> None:
        with (
            Query(double.target, first_wait_seconds=0.001, answer_limit_bytes=100) as query,
            pytest.raises(UploadError, match="the answer was too long, or took too long"),
        ):
            query.counts(QUESTION)

    def test_a_server_that_is_away_is_one_line(self) -> None:
        words = refusal(Target("http://127.0.0.1:9", "t", "o", "b"))
        assert words == "cannot audit http://127.0.0.1:9: connection refused; try again when it is there"


class TestOthers:
    def test_1_8_is_asked_in_influxql_whether_its_flux_is_on_or_off(self) -> None:
        version = {"X-Influxdb-Version": "1.8.10", "Content-Type": "application/json"}
        off = Reply(403, "Flux query service disabled. Verify flux-enabled=true in the [http] section", version)
        policies = (
            '{"results":[{"series":[{"columns":["name","duration","default"],"values":[["autogen","0s",true]]}]}]}'
        )
        for first in (off, Reply(200, "", CSV | version)):
            with FluxDouble(
                script=[first, Reply(200, policies, version), Reply(200, '{"results":[{}]}', version)]
            ) as double:
                with asking(double.target) as query:
                    assert query.times(QUESTION) == set()
                assert double.texts[-1].startswith('SELECT "battery_volts", "load_amps" FROM "solar"')

    def test_3_is_asked_in_influxql_with_its_token(self) -> None:
        plain, json_type = {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}
        rows = '{"results":[{"series":[{"columns":["time","battery_volts"],"values":[[1767225600000,25]]}]}]}'
        script = [Reply(404, "not found", plain), Reply(400, "not supported", plain), Reply(200, rows, json_type)]
        with FluxDouble(script=script) as double:
            double.ping = Reply(200, "{}", {"X-Influxdb-Version": "3.1.0"})
            with asking(double.target) as query:
                assert query.times(QUESTION) == {BEGIN_MS}
                assert query.retention_seconds() is None
        assert set(double.tokens) == {"Token s3cret-token"}

    def test_an_answer_that_the_server_has_cut_is_not_taken_for_a_loss(self) -> None:
        version = {"X-Influxdb-Version": "1.8.10", "Content-Type": "application/json"}
        policies = (
            '{"results":[{"series":[{"columns":["name","duration","default"],"values":[["autogen","0s",true]]}]}]}'
        )
        cut = '{"results":[{"series":[{"columns":["time","x"],"values":[[1,2]],"partial":true}]}]}'
        with FluxDouble(
            script=[Reply(404, "", version), Reply(200, policies, version), Reply(200, cut, version)]
        ) as double:
            assert "the server cuts its answers short (max-row-limit)" in refusal(double.target)

    def test_victoriametrics_says_that_it_cannot_be_audited(self, victoria_metrics: VictoriaMetrics) -> None:
        words = refusal(victoria_metrics.target)
        assert words.startswith(f"cannot audit {victoria_metrics.url}: what answers there cannot be asked")
        assert words.endswith("VictoriaMetrics, for one, takes readings but cannot be audited")

    def test_who_answers_the_same_to_everything_is_not_believed(self) -> None:
        """As VictoriaMetrics does at /query, in the name of InfluxDB 1.8.0."""
        version = {"X-Influxdb-Version": "1.8.0", "Content-Type": "application/json"}
        same = '{"results":[{"series":[{"name":"databases","columns":["name"],"values":[["_internal"]]}]}]}'
        with FluxDouble(script=[Reply(400, "unsupported path", version), Reply(200, same, version)]) as double:
            assert "VictoriaMetrics, for one, takes readings but cannot be audited" in refusal(double.target)


@pytest.mark.parametrize(
    ("bucket", "site"), [("solar", "home"), ('a "b" \\', 'it\'s "${v.x}" \\n'), ("database/policy", "Zoë")]
)
def test_flux_itself_takes_every_question(
    bucket: str,
    site: str,
    are_valid_flux: Callable[[list[str]], list[bool]],  # noqa: F811
) -> None:
    import json

    flux = Flux(Target("http://influx.example", "t", "o", bucket))
    question = replace(QUESTION, site=site, since_ms=BEGIN_MS + 7)
    requests = [flux.counts(question), flux.times(question), flux.retention()]
    texts = [json.loads(request.body)["query"] for request in requests]
    assert are_valid_flux([*texts, texts[0].replace("createEmpty", "createempty")]) == [True, True, True, False]
