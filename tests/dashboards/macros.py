"""What Grafana puts in the place of its variables and macros, and what InfluxDB 2's pages put before a query."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Period:
    """What the reader chose: two moments in milliseconds, the step as "5m", the sites as a regular expression."""

    start_ms: int
    stop_ms: int
    step: str = "5m"
    site: str = "home"
    reading_seconds: int = 10


def influxql(text: str, period: Period) -> str:
    """The text as it reaches the server. Raises ValueError when something is left that nobody replaces."""
    return _replaced(
        text,
        {
            "$timeFilter": f"time >= {period.start_ms}ms and time <= {period.stop_ms}ms",
            "$__interval": period.step,
            "${site:regex}": period.site,
            "${reading_seconds}": str(period.reading_seconds),
        },
    )


def flux(text: str, period: Period, bucket: str = "solar") -> str:
    """The text as it reaches the server, with the record `v` that Grafana and InfluxDB's pages define."""
    text = _replaced(text, {"${site:regex}": period.site, "${reading_seconds}": str(period.reading_seconds)})
    times = {"timeRangeStart": period.start_ms, "timeRangeStop": period.stop_ms}
    texts = {"defaultBucket": bucket, "solar_bucket": bucket, "solar_site": period.site}
    texts |= {"solar_reading_seconds": str(period.reading_seconds)}
    members = [f"{name}: time(v: {ms * 1_000_000})" for name, ms in times.items()]
    members += [f'{name}: "{value}"' for name, value in texts.items()]
    members += [f"windowPeriod: {period.step}"]
    lines = text.splitlines(keepends=True)
    imports = [line for line in lines if line.startswith("import ")]
    rest = [line for line in lines if not line.startswith("import ")]
    return "".join(imports) + f"option v = {{{', '.join(members)}}}\n" + "".join(rest)


def _replaced(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    if "$" in text.replace("$/", ""):
        raise ValueError(f"cannot replace every variable in {text!r}: Grafana knows none of that name")
    return text
