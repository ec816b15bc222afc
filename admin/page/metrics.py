"""The newest reading for Prometheus, as text. A stale or held reading is left out, as Prometheus wants it."""

from collections.abc import Iterator
from dataclasses import fields

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from admin.page.site import Look
from admin.terminal.fields import READING
from journal.reading import Reading

LEFT_OUT = {"id", "time_ms", "boot", "uptime_ms", "wall_ms", "raw"}


class _Collector:
    def __init__(self, look: Look) -> None:
        self._look = look

    def collect(self) -> Iterator[GaugeMetricFamily]:
        health, reading = self._look.health, self._look.health.reading
        yield self._gauge("healthy", "1 if nothing needs attention", 0.0 if self._look.points else 1.0)
        yield self._gauge("readings", "readings in the journal", health.readings)
        if health.pending is not None:
            yield self._gauge("pending", "records that wait to be sent", sum(health.pending.values()))
        if reading is None or self._look.is_held:
            return
        yield self._gauge("last_reading_timestamp_seconds", "time of the newest reading", reading.time_ms / 1000)
        if self._look.is_stale:
            return
        words = {field.name: field.meaning for field in READING}
        for field in fields(Reading):
            value = getattr(reading, field.name)
            if field.name not in LEFT_OUT and isinstance(value, int | float):
                yield self._gauge(field.name, words[field.name], value)

    def _gauge(self, name: str, words: str, value: float) -> GaugeMetricFamily:
        family = GaugeMetricFamily(f"solar_{name}", words, labels=["site"])
        family.add_metric([self._look.name], value)
        return family


def metrics(look: Look) -> bytes:
    """Prometheus's text format, version 0.0.4."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(look))
    return generate_latest(registry)
