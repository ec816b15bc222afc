"""What people would write with influxdb-client: its batching API, with the same journal, as Points or as lines.

Run by the Python of .venv/peers:  python peers.py points|lines JOURNAL URL BUCKET
"""

import sqlite3
import sys
from typing import Any

from influxdb_client import InfluxDBClient, Point, WriteOptions

NOT_SENT = {"id", "time_ms", "boot", "uptime_ms", "wall_ms", "model", "raw"}


def main(kind: str, journal: str, url: str, bucket: str) -> None:
    options = WriteOptions(batch_size=5000, flush_interval=10_000)
    rows = sqlite3.connect(f"file:{journal}?mode=ro", uri=True).execute("SELECT * FROM readings ORDER BY id")
    names = [column[0] for column in rows.description]
    with InfluxDBClient(url, "token", org="org", enable_gzip=True) as client, client.write_api(options) as api:
        for row in rows:
            values = dict(zip(names, row, strict=True))
            fields = {name: value for name, value in values.items() if value is not None and name not in NOT_SENT}
            record = point(values, fields) if kind == "points" else line(values, fields)
            api.write(bucket, record=record, write_precision="ms")


def point(values: dict[str, Any], fields: dict[str, Any]) -> Point:
    made = Point("solar").tag("model", values["model"]).tag("site", "home").time(values["time_ms"], "ms")
    for name, value in fields.items():
        made.field(name, float(value) if isinstance(value, int) else value)
    return made


def line(values: dict[str, Any], fields: dict[str, Any]) -> str:
    texts = (f'{name}="{value}"' if isinstance(value, str) else f"{name}={value!r}" for name, value in fields.items())
    return f"solar,model={values['model']},site=home {','.join(texts)} {values['time_ms']}"


if __name__ == "__main__":
    main(*sys.argv[1:])
