"""MetricsQL: the audit's queries to VictoriaMetrics, and their answers in JSON. Pure.

    solar,model=PL80,site=home battery_volts=25.4 …   is stored as   solar_battery_volts{model="PL80",site="home"} 25.4

Rules:
- A window `[1h]` ends at the time of the query, which is included; its beginning is not.
- VictoriaMetrics keeps what is sent twice, so an hour may have more points than were sent. It turns text into 0. It
  keeps about 12 digits of a number, fewer if the numbers in a block are very different.
- It does not say how long it keeps points.

Source: docs.victoriametrics.com/metricsql and /url-examples; tested with 1.79.5, a single server.
"""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from uploader.audit.query import HOUR_MS, Found, Query, Request, StrangeAnswer, required
from uploader.server.line_protocol import MEASUREMENTS
from uploader.server.target import Target

DAY_MS = 24 * HOUR_MS


class MetricsQL:
    """The query language of VictoriaMetrics."""

    answers_in = "json"
    is_exact = False

    def __init__(self, target: Target) -> None:
        self._target = target

    def summaries(self, query: Query) -> list[Request]:
        """One request for the whole hours, and one more for an hour of which the query has only a part."""
        requests = []
        for since_ms, until_ms in _parts(query.since_ms, query.until_ms):
            # VictoriaMetrics leaves out a midnight at which a query ends.
            last_ms = until_ms if (until_ms - 1) % DAY_MS == 0 else until_ms - 1
            window_ms = min(HOUR_MS, last_ms + 1 - since_ms)
            text = _rollups(("count",), _series(query, query.fields), window_ms)
            if query.numbers:
                text += ", " + _rollups(("sum", "min", "max"), _series(query, query.numbers), window_ms)
            moments = {"start": _seconds(since_ms + window_ms - 1), "end": _seconds(last_ms), "step": "1h"}
            requests.append(self._request("query_range", query=f"union({text})", **moments))
        return requests

    def samples(self, query: Query) -> list[Request]:
        series, window_ms = _series(query, query.fields), query.until_ms - query.since_ms
        return [self._request("query", query=f"{series}[{window_ms}ms]", time=_seconds(query.until_ms - 1))]

    def read(self, body: bytes) -> Iterator[Found]:
        for series in _results(body):
            metric = series["metric"]
            function = metric.get("rollup", "").removesuffix("_over_time")
            for seconds, value in series["values"]:
                yield Found(round(seconds * 1000), _field(metric), float(value), function)

    def retention(self) -> Request:
        """Only asks whether this server answers in MetricsQL."""
        return self._request("query", query="1")

    def read_retention(self, body: bytes) -> int | None:
        if _results(body)[0]["value"][1] != "1":
            raise StrangeAnswer("another number")
        return None

    def _request(self, path: str, **form: str) -> Request:
        body = urlencode(form | {"nocache": "1"}).encode()
        return Request(f"{read_url(self._target.base_url)}/api/v1/{path}", body, self._target.token_header)


def read_url(write_url: str) -> str:
    """The URL for queries to a server, from its URL for writes.

    https://vm.example:8428[/influx]                 https://vm.example:8428
    https://vm.example/insert/0/influx               https://vm.example/select/0/prometheus     a cluster
    """
    url = write_url.rstrip("/")
    if cluster := re.fullmatch(r"(.*)/insert/([^/]+)/influx", url):
        return f"{cluster[1]}/select/{cluster[2]}/prometheus"
    return url.removesuffix("/influx")


def _results(body: bytes) -> list[dict[str, Any]]:
    parsed = json.loads(body)
    if parsed.get("status") != "success":
        raise StrangeAnswer("no success")
    if parsed.get("isPartial"):
        raise ValueError("a part of the cluster does not answer, so the answer is incomplete")
    results: list[dict[str, Any]] = parsed["data"]["result"]
    return results


def _parts(since_ms: int, until_ms: int) -> Iterator[tuple[int, int]]:
    """The period, divided at the beginning of its first whole hour and at the end of its last."""
    bounds = -(-since_ms // HOUR_MS) * HOUR_MS, until_ms // HOUR_MS * HOUR_MS
    return pairwise(sorted({since_ms, until_ms, *(each for each in bounds if since_ms < each < until_ms)}))


def _rollups(functions: Iterable[str], series: str, window_ms: int) -> str:
    names = ", ".join(f'"{function}_over_time"' for function in functions)
    return f"aggr_over_time(({names}), {series}[{window_ms}ms]) keep_metric_names"


def _series(query: Query, names: Iterable[str]) -> str:
    site = json.dumps(query.site, ensure_ascii=False)
    return f'{{__name__=~"{query.measurement}_({"|".join(names)})", site={site}}}'


def _field(metric: dict[str, str]) -> str:
    """battery_volts of solar_battery_volts, charge_amp_hours of solar_day_charge_amp_hours."""
    longest_first = sorted(MEASUREMENTS.values(), key=len, reverse=True)
    return re.sub(f"^({'|'.join(longest_first)})_", "", required(metric, "__name__"))


def _seconds(time_ms: int) -> str:
    return f"{time_ms // 1000}.{time_ms % 1000:03d}"
