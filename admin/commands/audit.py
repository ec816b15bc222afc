"""`solar audit`: whether InfluxDB has what the journal has.

0  nothing is lost; records may still be waiting, held, older than the server keeps, or just queued (--repair)
1  something is lost, changed or refused, or the server could not be asked
2  the command line or a setting is wrong
"""

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from admin.health.audit_findings import Findings, as_dict, lines
from admin.terminal import options
from admin.terminal.console import progress
from admin.terminal.period import Since, Until, check_period, how_many, ids_in_period
from journal.journal import Journal
from journal.reading import STREAMS
from journal.side_file import is_begun

# fmt: off
Table = Annotated[str | None, typer.Option(
    parser=options.one_of(*STREAMS), metavar="TABLE", help="Only this table: readings, days, events or checks.")]
Values = Annotated[bool, typer.Option(
    "--values", help="Compare the values too, not only the number of records.")]
Repair = Annotated[bool, typer.Option(
    "--repair", help="Send again what InfluxDB has lost or changed, and nothing else.")]
# fmt: on


def audit(
    *,
    since: Since = None,
    until: Until = None,
    table: Table = None,
    values: Values = False,
    repair: Repair = False,
    as_json: options.AsJson = False,
    data: options.Data = options.DATA,
    url: options.Url = None,
    org: options.Org = None,
    bucket: options.Bucket = None,
    ca_file: options.CaFile = None,
) -> int:
    """Compare the journal with InfluxDB, hour by hour, and list what is missing there."""
    from journal.id_ranges import NONE
    from uploader.audit.client import Client
    from uploader.audit.comparison import Comparison
    from uploader.progress.progress import Progress

    check_period(since, until)
    target = options.target(url, org, bucket, ca_file, verb="audit")
    findings = Findings(target.base_url, since, until, with_values=values)
    path = data / "uploader.db"
    with Journal.open(data / "journal.db") as journal:
        if is_known(path, journal.identity()):
            streams = [table] if table else list(STREAMS)
            total = sum(how_many(ids_in_period(journal, name, since, until)) for name in streams)
            with (
                Progress.open(path) if repair else Progress.read_only(path) as sent,
                Client(target) as server,
                progress("comparing", "records", total) as show,
            ):
                comparison = Comparison(
                    journal=journal,
                    progress=sent,
                    server=server,
                    now_ms=time.time_ns() // 1_000_000,
                    with_values=values,
                )
                findings.with_texts = server.is_exact
                for name in streams:
                    for hour in comparison.hours(name, since, until):
                        if repair and (ids := hour.missing.get("lost", NONE) | hour.different.get("changed", NONE)):
                            sent.requeue(name, ids)
                            findings.queued += ids.count
                        findings.add(hour)
                        show(findings.in_journal.total(), total)
    print(json.dumps(as_dict(findings), indent=1) if as_json else "\n".join(lines(findings)))
    return 0 if findings.is_clean else 1


def is_known(path: Path, identity: str) -> bool:
    """Whether anything in this journal can have been uploaded: uploader.db exists and names this journal."""
    from uploader.progress.progress import Progress

    if not is_begun(path):
        return False
    with Progress.read_only(path) as sent:
        return sent.journal() == identity
