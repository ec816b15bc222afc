"""Queries to a real InfluxDB 1.x, to a double of 2.x, and to who is neither."""

import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from journal.errors import UploadError
from journal.reading import Record
from tests.dashboards.conftest import are_valid_flux  # noqa: F401
from tests.servers import Database, VictoriaMetrics, free_port, influxdb_1, nginx
from tests.uploader.audit.flux_double import CSV, FluxDouble, Reply, json_reply, table
from tests.uploader.audit.stored import Point, Stored
from uploader.audit.client import Client
from uploader.audit.flux import Flux
from uploader.audit.metricsql import read_url
from uploader.audit.query import HOUR_MS, Points, Total
from uploader.server.influx import Influx
from uploader.server.line_protocol import FIELDS, MEASUREMENTS
from uploader.server.outcomes import Sent
from uploader.server.target import Target

BEGIN_MS = 1_767_225_600_000
POINTS = Points("solar", "home", BEGIN_MS, BEGIN_MS + 3 * HOUR_MS)
NAMES = ("battery_volts", "load_amps")
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
ROWS = table(
    "_time,_field,_value", ["0,2026-01-01T00:00:00Z,battery_volts,25", "0,2026-01-01T00:00:10Z,battery_volts,25"]
)
ERROR = (
    "#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n"
    ",error,reference\r\n,panic: out of memory s3cret-token,897\r\n\r\n"
)
STRANGE = "the server understands neither Flux nor InfluxQL nor MetricsQL"
NOT_CSV = f"{STRANGE} (not annotated CSV); check INFLUXDB_URL"
TIMES = {BEGIN_MS, BEGIN_MS + 1, BEGIN_MS + 2, BEGIN_MS + 2 * HOUR_MS}


def asking(target: Target) -> Client:
    return Client(target, connect_seconds=2, read_seconds=5, first_wait_seconds=0.001)


def counts(client: Client, points: Points, names: Sequence[str] = NAMES) -> dict[int, dict[str, float]]:
    totals = client.totals(points, [Total("count", name) for name in names])
    return {hour: {total.field: value for total, value in of.items()} for hour, of in totals.items()}


def times(client: Client, points: Points) -> set[int]:
    return {time_ms for time_ms, _, _ in client.samples(points, NAMES)}


def summed(name: str) -> list[Total]:
    return [Total(function, name) for function in ("count", "sum", "min", "max")]


def between(points: Points, since_ms: int, until_ms: int) -> Points:
    return replace(points, since_ms=since_ms, until_ms=until_ms)


def write(database: Database, lines: list[str]) -> None:
    url = f"{database.server.url}/write?db={database.name}&precision=ms"
    with urllib.request.urlopen(url, "\n".join(lines).encode(), timeout=10) as answer:
        assert answer.status == 204


def send(server: VictoriaMetrics, lines: list[str]) -> None:
    with urllib.request.urlopen(f"{server.url}/api/v2/write?precision=ms", "\n".join(lines).encode()) as answer:
        assert answer.status == 204
    server.samples("any")  # makes it show what it has


def refusal(target: Target) -> str:
    with asking(target) as client, pytest.raises(UploadError) as caught:
        counts(client, POINTS)
    return str(caught.value)


class TestInfluxDB1:
    def test_counts_by_hour_and_field_and_the_times_of_points(self, database: Database) -> None:
        write(database, LINES)
        with asking(database.target) as client:
            assert counts(client, POINTS) == COUNTS
            assert times(client, POINTS) == TIMES
            assert times(client, between(POINTS, BEGIN_MS + 1, BEGIN_MS + 2)) == {BEGIN_MS + 1}
            assert client.retention_seconds() == 0

    def test_nothing_there_is_an_answer(self, database: Database) -> None:
        with asking(database.target) as client:
            assert (counts(client, POINTS), times(client, POINTS)) == ({}, set())

    @pytest.mark.parametrize("site", ["it's", 'a "quoted" one', "Zoë, 2=3", "back\\slash"])
    def test_a_site_of_any_name_is_found(self, site: str, database: Database) -> None:
        tag = site.replace(" ", "\\ ").replace(",", "\\,").replace("=", "\\=")
        write(database, [f"solar,site={tag} battery_volts=25 {BEGIN_MS}"])
        with asking(database.target) as client:
            assert times(client, replace(POINTS, site=site)) == {BEGIN_MS}

    def test_the_retention_policy_that_is_written_to_tells_how_long_points_are_kept(self, database: Database) -> None:
        database.server.query(f'CREATE RETENTION POLICY "weeks" ON {database.name} DURATION 2w REPLICATION 1')
        with asking(replace(database.target, bucket=f"{database.name}/weeks")) as client:
            assert client.retention_seconds() == 14 * 86400
        database.server.query(
            f'ALTER RETENTION POLICY "weeks" ON {database.name} DURATION 36h SHARD DURATION 1h DEFAULT'
        )
        with asking(database.target) as client:
            assert client.retention_seconds() == 36 * 3600

    def test_a_database_that_is_not_there_is_no_loss(self, database: Database) -> None:
        assert refusal(replace(database.target, bucket="nowhere")) == (
            f"cannot audit {database.server.url}: the server says: database not found: nowhere; "
            "check INFLUXDB_BUCKET and INFLUXDB_ORG"
        )

    def test_a_password_is_needed_where_the_server_wants_one(self, tmp_path: Path) -> None:
        with influxdb_1(tmp_path, free_port(), auth=True) as server:
            server.query("CREATE USER admin WITH PASSWORD 'secret' WITH ALL PRIVILEGES")
            server.query("CREATE DATABASE t")
            with asking(Target(server.url, "admin:secret", "ignored", "t")) as client:
                assert counts(client, POINTS) == {}
            words = refusal(Target(server.url, "admin:wrong-one", "ignored", "t"))
        assert "the server refuses the token (401: authorization failed)" in words
        assert "wrong-one" not in words

    def test_sums_extremes_and_texts_by_hour(self, database: Database) -> None:
        write(
            database,
            [
                rf"""solar,model=PL80,site=home battery_volts=25.5,regulator_state="it's \"a=b\" {{}}" {BEGIN_MS}""",
                f'solar,model=PL80,site=home battery_volts=0.1,regulator_state="boost" {BEGIN_MS + 1}',
                f'solar,model=PL60,site=home battery_volts=-0.30000000000000004,regulator_state="boost" {BEGIN_MS + 2}',
                f'solar,model=PL80,site=home regulator_state="float" {BEGIN_MS + HOUR_MS}',
            ],
        )
        odd = 'it\'s "a=b" {}'
        totals = [
            *summed("battery_volts"),
            *summed("alarm"),
            *(Total("count", "regulator_state", text) for text in (None, "boost", odd, "equalise")),
        ]
        with asking(database.target) as client:
            hours = client.totals(POINTS, totals)
            assert hours[BEGIN_MS].pop(Total("sum", "battery_volts")) == pytest.approx(25.3)
            assert hours == {
                BEGIN_MS: {
                    Total("count", "battery_volts"): 3,
                    Total("min", "battery_volts"): -0.30000000000000004,
                    Total("max", "battery_volts"): 25.5,
                    Total("count", "regulator_state"): 3,
                    Total("count", "regulator_state", "boost"): 2,
                    Total("count", "regulator_state", odd): 1,
                },
                BEGIN_MS + HOUR_MS: {Total("count", "regulator_state"): 1},
            }
            samples = client.samples(POINTS, ["battery_volts", "regulator_state"])
            assert (BEGIN_MS + 2, "battery_volts", -0.30000000000000004) in samples
            assert (BEGIN_MS, "regulator_state", odd) in samples


class TestInfluxDB2:
    @pytest.fixture
    def double(self) -> Iterator[FluxDouble]:
        stored = Stored(
            [Point(BEGIN_MS, fields=("battery_volts", "load_amps")), Point(BEGIN_MS + 1), Point(BEGIN_MS + HOUR_MS)]
        )
        with FluxDouble(stored) as double:
            yield double

    def test_counts_by_hour_and_field_and_the_times_of_points(self, double: FluxDouble) -> None:
        with asking(double.target) as client:
            first, second = {"battery_volts": 2, "load_amps": 1}, {"battery_volts": 1}
            assert counts(client, POINTS) == {BEGIN_MS: first, BEGIN_MS + HOUR_MS: second}
            assert times(client, POINTS) == {BEGIN_MS, BEGIN_MS + 1, BEGIN_MS + HOUR_MS}
            assert counts(client, replace(POINTS, site="hut")) == {}
        assert set(double.tokens) == {"Token s3cret-token"}

    def test_sums_extremes_and_texts_by_hour(self) -> None:
        stored = Stored(
            [
                Point(BEGIN_MS, fields={"battery_volts": 0.1 + 0.2, "regulator_state": "boost"}),
                Point(BEGIN_MS + 1, fields={"battery_volts": 25.0, "regulator_state": "float"}),
                Point(BEGIN_MS + HOUR_MS, fields={"regulator_state": "float"}),
            ]
        )
        state = [Total("count", "regulator_state", text) for text in (None, "float")]
        with FluxDouble(stored) as double, asking(double.target) as client:
            assert client.totals(POINTS, [*summed("battery_volts"), *state]) == {
                BEGIN_MS: dict(zip([*summed("battery_volts"), *state], [2, 25.3, 0.1 + 0.2, 25.0, 2, 1], strict=True)),
                BEGIN_MS + HOUR_MS: dict.fromkeys(state, 1),
            }
            assert sorted(client.samples(POINTS, ["battery_volts", "regulator_state"])) == [
                (BEGIN_MS, "battery_volts", 0.1 + 0.2),
                (BEGIN_MS, "regulator_state", "boost"),
                (BEGIN_MS + 1, "battery_volts", 25.0),
                (BEGIN_MS + 1, "regulator_state", "float"),
                (BEGIN_MS + HOUR_MS, "regulator_state", "float"),
            ]

    def test_an_empty_text_is_a_value(self) -> None:
        """In CSV it looks like no value."""
        with FluxDouble(Stored([Point(BEGIN_MS, fields={"message": ""})])) as double, asking(double.target) as client:
            assert client.samples(POINTS, ["message"]) == [(BEGIN_MS, "message", "")]

    @pytest.mark.parametrize(
        "reply",
        [
            json_reply(400, "invalid", 'failed to decode request body: organization name "org" not found'),
            json_reply(404, "not found", 'organization name "org" not found'),
        ],
    )
    def test_a_wrong_organisation_is_named(self, reply: Reply, double: FluxDouble) -> None:
        double.script = [reply] * 2
        assert refusal(double.target) == f"cannot audit {double.url}: organisation org not found; check INFLUXDB_ORG"

    def test_the_bucket_tells_how_long_points_are_kept(self, double: FluxDouble) -> None:
        double.retention_seconds = 86400
        with asking(double.target) as client:
            assert client.retention_seconds() == 86400

    def test_a_server_whose_flux_knows_no_buckets_can_be_asked_all_the_same(self, double: FluxDouble) -> None:
        double.script = [json_reply(400, "invalid", "undefined identifier buckets")]
        with asking(double.target) as client:
            assert client.retention_seconds() is None
            assert times(client, POINTS)

    def test_what_may_pass_is_asked_again(self, double: FluxDouble) -> None:
        double.script = [json_reply(503, "unavailable", "busy"), Reply(502, "<html>", {"Content-Type": "text/html"})]
        with asking(double.target) as client:
            assert len(times(client, POINTS)) == 3

    @pytest.mark.parametrize(
        ("reply", "words"),
        [
            pytest.param(
                Reply(200, "<html><title>Welcome</title></html>", {"Content-Type": "text/html"}),
                "something else answers instead of the server (200: Welcome)",
                id="login page",
            ),
            pytest.param(
                Reply(200, "", {"Content-Type": "text/plain"}),
                "something else answers instead of the server (200: no message)",
                id="empty answer of a stranger",
            ),
            pytest.param(
                Reply(302, "", {"Location": "http://portal.example"}),
                "answers instead of the server (302",
                id="redirect",
            ),
            pytest.param(Reply(204), "the server does not answer the query (204: no message)", id="no content"),
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
                Reply(200, ERROR),
                "the server says: panic: out of memory ***; check INFLUXDB_BUCKET",
                id="error after 200",
            ),
            pytest.param(
                Reply(200, ROWS + ERROR),
                "the server says: panic: out of memory ***; check INFLUXDB_BUCKET",
                id="error after rows",
            ),
            pytest.param(
                Reply(200, ROWS.rstrip()[:-20], CSV, claims_bytes=5000),
                "the answer is incomplete",
                id="cut answer",
            ),
            pytest.param(Reply(200, ROWS.rstrip()[:-20]), NOT_CSV, id="row cut in its time"),
            pytest.param(Reply(200, ROWS.rstrip()[:-9]), NOT_CSV, id="row without a value"),
            pytest.param(
                Reply(200, ",result,table,_time,_field,_value\r\n,_result,0,2026-01-01T00:00:00Z,battery_volts,25\r\n"),
                NOT_CSV,
                id="no annotations",
            ),
            pytest.param(Reply(200, "Welcome!\r\n"), NOT_CSV, id="login page that claims CSV"),
            pytest.param(Reply(200, "a,b,c\rd,e,f\n"), NOT_CSV, id="a line end of its own"),
            pytest.param(
                Reply(200, table("_time,_field,_value", ["0,2026-01-01T00:00:00Z,battery_volts,s3cret-token"])),
                NOT_CSV,
                id="text for a number",
            ),
            pytest.param(
                Reply(200, table("_field,_value", ["0,battery_volts,25"])),
                f"{STRANGE} ('_time')",
                id="no times",
            ),
            pytest.param(
                Reply(200, table("_time,_field,_value", ["0,,battery_volts,25"])), STRANGE, id="no time in a row"
            ),
            pytest.param(
                json_reply(
                    500, "internal error", "panic: unsupported for aggregate min: *reads.stringMultiShardArrayCursor"
                ),
                "it holds a field as text that is a number here (the server",
                id="a field of another type, as InfluxDB 2.7.12 says it",
            ),
            pytest.param(
                json_reply(500, "internal error", "out of memory"),
                "the server reports an internal error (500: out of memory)",
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
            Client(double.target, first_wait_seconds=0.001, answer_limit_bytes=100) as client,
            pytest.raises(UploadError, match="the answer was too long or too slow"),
        ):
            counts(client, POINTS)

    def test_a_server_that_is_away_is_one_line(self) -> None:
        words = refusal(Target("http://127.0.0.1:9", "t", "o", "b"))
        assert words == "cannot audit http://127.0.0.1:9: connection refused; try again later"


@pytest.mark.long
def test_an_answer_that_comes_after_twelve_seconds_is_believed() -> None:
    class Slow(FluxDouble):
        def answer(self, text: str) -> Reply:
            threading.Event().wait(12)
            return super().answer(text)

    with Slow() as double, Client(double.target) as client:
        assert client.retention_seconds() == double.retention_seconds


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
                with asking(double.target) as client:
                    assert times(client, POINTS) == set()
                assert double.texts[-1].startswith('SELECT "battery_volts" AS "value battery_volts", ')

    @pytest.mark.parametrize("status", [422, 500])
    def test_an_error_of_1_is_not_taken_for_keeping_points_for_ever(self, status: int) -> None:
        version, json_type = {"X-Influxdb-Version": "1.6.7"}, {"Content-Type": "application/json"}
        answers = [Reply(404, "not found", version), *[Reply(status, '{"error":"timeout"}', version | json_type)] * 3]
        with FluxDouble(script=answers) as double, asking(double.target) as client, pytest.raises(UploadError):
            client.retention_seconds()

    def test_3_is_asked_in_influxql_with_its_token(self) -> None:
        plain, json_type = {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}
        rows = '{"results":[{"series":[{"columns":["time","value battery_volts"],"values":[[1767225600000,25]]}]}]}'
        script = [Reply(404, "not found", plain), Reply(400, "not supported", plain), Reply(200, rows, json_type)]
        with FluxDouble(script=script) as double:
            double.ping = Reply(200, "{}", {"X-Influxdb-Version": "3.1.0"})
            with asking(double.target) as client:
                assert times(client, POINTS) == {BEGIN_MS}
                assert client.retention_seconds() is None
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
            assert "the server shortens its answers (max-row-limit)" in refusal(double.target)

    def test_who_answers_the_same_to_everything_is_not_believed(self) -> None:
        """As VictoriaMetrics does at /query, some in the name of InfluxDB 1.8.0; here without its own language."""
        version = {"X-Influxdb-Version": "1.8.0", "Content-Type": "application/json"}
        same = '{"results":[{"series":[{"name":"databases","columns":["name"],"values":[["_internal"]]}]}]}'
        script = [Reply(400, "unsupported path", version), Reply(200, same, version), Reply(200, same, version)]
        with FluxDouble(script=script) as double:
            words = refusal(double.target)
        assert words == (
            f"cannot audit {double.url}: the server understands neither Flux nor InfluxQL nor MetricsQL "
            "(400: unsupported path); check INFLUXDB_URL"
        )


class TestVictoriaMetrics:
    """Which keeps what is sent twice, turns text into 0 and rounds numbers."""

    def test_counts_sums_and_extremes_by_hour(self, victoria_metrics: VictoriaMetrics) -> None:
        edges = [HOUR_MS - 1, HOUR_MS, HOUR_MS + 1, 2 * HOUR_MS - 1, 2 * HOUR_MS, 3 * HOUR_MS - 1, 3 * HOUR_MS]
        moments = [BEGIN_MS + each for each in edges]
        send(
            victoria_metrics,
            [f"solar,model=PL80,site=edges battery_volts={25 + n} {moment}" for n, moment in enumerate(moments)]
            + [f'solar,model=PL60,site=edges battery_volts=7,regulator_state="boost" {moments[2]}']
            + [f"solar_day,site=edges battery_volts=99 {moments[2]}"],
        )
        points = Points("solar", "edges", BEGIN_MS + HOUR_MS, BEGIN_MS + 3 * HOUR_MS)
        volts = summed("battery_volts")
        with asking(victoria_metrics.target) as client:
            assert client.totals(points, [*volts, Total("count", "regulator_state")]) == {
                BEGIN_MS + HOUR_MS: dict(zip(volts, [4, 7 + 26 + 27 + 28, 7, 28], strict=True))
                | {Total("count", "regulator_state"): 1},
                BEGIN_MS + 2 * HOUR_MS: dict(zip(volts, [2, 29 + 30, 29, 30], strict=True)),
            }
            within_an_hour = between(points, moments[2], moments[2] + 1)
            assert sorted(client.samples(within_an_hour, ["battery_volts", "regulator_state"])) == [
                (moments[2], "battery_volts", 7),
                (moments[2], "battery_volts", 27),
                (moments[2], "regulator_state", 0),
            ]
            assert not client.is_exact
            assert client.retention_seconds() is None

    @pytest.mark.parametrize("until_ms", [1, 2, HOUR_MS])
    def test_a_midnight_is_found_also_where_a_query_ends(
        self, victoria_metrics: VictoriaMetrics, until_ms: int
    ) -> None:
        """Which 1.79.5 leaves out of totals that end there: they are of whole hours."""
        send(victoria_metrics, [f"solar,site=night{until_ms} battery_volts=25 {BEGIN_MS}"])
        points = Points("solar", f"night{until_ms}", BEGIN_MS, BEGIN_MS + until_ms)
        with asking(victoria_metrics.target) as client:
            assert times(client, points) == {BEGIN_MS}
            assert counts(client, between(points, BEGIN_MS, BEGIN_MS + HOUR_MS)) == {BEGIN_MS: {"battery_volts": 1}}

    @pytest.mark.parametrize("record", MEASUREMENTS, ids=MEASUREMENTS.values())
    def test_each_field_is_told_apart_from_its_measurement(
        self, victoria_metrics: VictoriaMetrics, record: type[Record]
    ) -> None:
        """VictoriaMetrics makes one name of both."""
        measurement, names = MEASUREMENTS[record], FIELDS[record]
        site = f"named_{measurement}"
        send(victoria_metrics, [f"{measurement},site={site} {','.join(f'{name}=5' for name in names)} {BEGIN_MS}"])
        points = Points(measurement, site, BEGIN_MS, BEGIN_MS + HOUR_MS)
        with asking(victoria_metrics.target) as client:
            assert counts(client, points, names) == {BEGIN_MS: dict.fromkeys(names, 1)}

    def test_a_cluster_is_asked_where_it_answers(self, victoria_metrics: VictoriaMetrics, tmp_path: Path) -> None:
        """A cluster's addresses in front of a single server."""
        send(victoria_metrics, [f"solar,site=far battery_volts=25 {BEGIN_MS}"])
        locations = f"""
            location /insert/0:7/influx/ {{ proxy_pass {victoria_metrics.url}/influx/; }}
            location /select/0:7/prometheus/ {{ proxy_pass {victoria_metrics.url}/prometheus/; }}
        """
        with nginx(tmp_path, locations) as url:
            target = Target(f"{url}/insert/0:7/influx/", "token", "ignored", "ignored")
            with Influx(target) as influx:
                assert influx.write([f"solar,site=far battery_volts=26 {BEGIN_MS + 1}"]) == Sent()
            victoria_metrics.samples("far")  # makes it show what it has
            with asking(target) as client:
                assert times(client, replace(POINTS, site="far")) == {BEGIN_MS, BEGIN_MS + 1}

    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("http://vm:8428", "http://vm:8428"),
            ("http://vm:8428/influx/", "http://vm:8428"),
            ("https://vm.example/insert/42/influx", "https://vm.example/select/42/prometheus"),
            ("https://vm.example/a/insert/4:2/influx/", "https://vm.example/a/select/4:2/prometheus"),
        ],
    )
    def test_the_address_to_read_follows_from_the_one_to_write(self, written: str, read: str) -> None:
        assert read_url(written) == read


@pytest.mark.parametrize(
    ("bucket", "site"), [("solar", "home"), ('a "b" \\', 'it\'s "${v.x}" \\n'), ("database/policy", "Zoë")]
)
def test_flux_itself_takes_every_query(
    bucket: str,
    site: str,
    are_valid_flux: Callable[[list[str]], list[bool]],  # noqa: F811
) -> None:
    import json

    flux = Flux(Target("http://influx.example", "t", "o", bucket))
    points = replace(POINTS, site=site, since_ms=BEGIN_MS + 7)
    totals = {("count", None): NAMES, ("sum", None): NAMES, ("count", site): ["regulator_state"]}
    requests = [flux.request(points, totals), flux.request(points, {("value", None): NAMES}), flux.retention()]
    texts = [json.loads(request.body or b"")["query"] for request in requests]
    assert are_valid_flux([*texts, texts[0].replace("createEmpty", "createempty")]) == [*[True] * 3, False]
