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
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

from uploader.audit.query import HOUR_MS, Asked, Found, Points, QueryFailed, Request, Total
from uploader.server.target import Target


@dataclass(frozen=True)
class MetricsQL:
    target: Target
    answers_in = "json"
    cannot_say: ClassVar = set[int]()
    is_exact = False

    def request(self, points: Points, asked: Asked) -> Request:
        if names := asked.get(("value", None)):
            series, window_ms = _series(points, names), points.until_ms - points.since_ms
            return self._request("query", query=f"{series}[{window_ms}ms]", time=_seconds(points.until_ms - 1))
        rollups = [
            f'aggr_over_time("{function}_over_time", {_series(points, names)}[1h]) keep_metric_names'
            for (function, _), names in asked.items()
        ]
        moments = {"start": _seconds(points.since_ms + HOUR_MS - 1), "end": _seconds(points.until_ms - 1), "step": "1h"}
        return self._request("query_range", query=f"union({', '.join(rollups)})", **moments)

    def read(self, points: Points, body: bytes) -> Iterator[Found]:
        for series in _results(body):
            metric = series["metric"]
            function = metric.get("rollup", "value").removesuffix("_over_time")
            total = Total(function, metric["__name__"].removeprefix(f"{points.measurement}_"))
            for seconds, value in series["values"]:
                yield round(seconds * 1000), total, float(value)

    def retention(self) -> Request:
        """Only asks whether this server answers in MetricsQL."""
        return self._request("query", query="1")

    def read_retention(self, body: bytes) -> int | None:
        if _results(body)[0]["value"][1] != "1":
            raise ValueError("another number")
        return None

    def _request(self, path: str, **form: str) -> Request:
        body = urlencode(form | {"nocache": "1"}).encode()
        return Request(f"{read_url(self.target.base_url)}/api/v1/{path}", body, self.target.token_header)


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
    if parsed.get("isPartial"):
        raise QueryFailed("a part of the cluster does not answer, so the answer is incomplete")
    return list(parsed["data"]["result"])


def _series(points: Points, names: Iterable[str]) -> str:
    site = json.dumps(points.site, ensure_ascii=False)
    return f'{{__name__=~"{points.measurement}_({"|".join(names)})", site={site}}}'


def _seconds(time_ms: int) -> str:
    return f"{time_ms / 1000:.3f}"
