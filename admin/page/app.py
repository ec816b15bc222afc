"""The page's addresses: HTML, live events, JSON, Prometheus, health. None of them can change anything."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from admin.energy.words import as_dict, period_as_dict
from admin.files.formats import columns, row
from admin.page import views
from admin.page.charts import RANGES, SHORT_SECONDS, Charts
from admin.page.guard import Guard
from admin.page.metrics import metrics
from admin.page.site import Look, Site
from admin.report.page import SCRIPT, STYLE
from admin.terminal.usage_errors import sanitized
from journal.errors import JournalError

HERE = Path(__file__).parent
LIVE_SECONDS = 1.0
QUIET_SECONDS = 15.0
MOST_WATCHERS = 20


def application(site: Site, token: str, stop: threading.Event) -> Guard:
    """The application; it ends its live events when `stop` is set."""
    return Guard(GZipMiddleware(Starlette(routes=Pages(site, stop).routes()), compresslevel=6), token)


class Pages:
    """An answer for each address."""

    def __init__(self, site: Site, stop: threading.Event) -> None:
        self._site = site
        self._stop = stop
        self._charts = Charts(site)

    def routes(self) -> list[Route]:
        return [
            Route("/", self.page),
            Route("/charts", self.charts),
            Route("/live", self.live),
            Route("/api/reading", self.reading),
            Route("/api/days", self.days),
            Route("/metrics", self.prometheus),
            Route("/healthz", self.healthz),
            Route("/page.css", _file("page.css", "text/css", STYLE)),
            Route("/page.js", _file("page.js", "text/javascript", SCRIPT)),
            Route("/icon.svg", _file("icon.svg", "image/svg+xml")),
        ]

    async def page(self, request: Request) -> Response:
        chosen = _range(request)
        look = await self._fresh()
        charts = await run_in_threadpool(self._draw, chosen)
        return HTMLResponse(views.whole_page(look, chosen, charts))

    async def _fresh(self) -> Look:
        return await run_in_threadpool(self._site.fresh)

    async def charts(self, request: Request) -> Response:
        return HTMLResponse(await run_in_threadpool(self._draw, _range(request)))

    def _draw(self, chosen: str) -> str:
        try:
            return self._charts.draw(chosen)
        except (JournalError, sqlite3.Error) as error:
            what = "the journal" if isinstance(error, JournalError) else "the sums in page.db"
            return f"<p data-every='{SHORT_SECONDS}'>There are no charts now: {what} cannot be read.</p>"

    async def live(self, _: Request) -> Response:
        if self._site.watchers >= MOST_WATCHERS:
            return PlainTextResponse("too many pages are open; this one is not live\n", 503)
        return StreamingResponse(self._events(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    async def _events(self) -> AsyncIterator[str]:
        """The live parts of the page, whenever they have changed; and an empty event now and then."""
        self._site.watchers += 1
        try:
            seen: dict[str, str] = {}
            quiet = 0.0
            while not self._stop.is_set():
                look = self._site.look
                name = sanitized(look.name)
                parts = {
                    "now": views.now(look),
                    "energy": views.energy(look),
                    "name": name,
                    "title": f"{name}: {look.verdict}",
                }
                changed = {name: html for name, html in parts.items() if seen.get(name) != html}
                seen = parts
                quiet = 0.0 if changed else quiet + LIVE_SECONDS
                if changed:
                    yield f"data: {json.dumps(changed)}\n\n"
                elif quiet >= QUIET_SECONDS:
                    quiet = 0.0
                    yield "data: {}\n\n"
                await asyncio.sleep(LIVE_SECONDS)
        finally:
            self._site.watchers -= 1

    async def reading(self, _: Request) -> Response:
        """The newest reading with the export's names, and whether it is up to date."""
        look = await self._fresh()
        newest = look.health.reading
        if newest is None:
            return JSONResponse({"error": look.health.error or "there is no reading yet"}, 503)
        names = [name for name in columns("readings") if name != "raw"]
        return JSONResponse(
            {
                **dict(zip(names, row(newest, names), strict=True)),
                "age_seconds": look.health.age_seconds(newest.time_ms),
                "is_stale": look.is_stale,
                "is_held": look.is_held,
                "verdict": look.verdict,
                "site": look.name,
            }
        )

    async def days(self, _: Request) -> Response:
        """The days of the last year, the newest last, and the figures."""
        look = await self._fresh()
        if look.figures is None:
            return JSONResponse({"error": look.health.error or "the readings are not added up yet"}, 503)
        days = [period_as_dict(day) for day in look.figures.days]
        return JSONResponse({"days": days, "energy": as_dict(look.figures), "left": look.left})

    async def prometheus(self, _: Request) -> Response:
        return Response(metrics(await self._fresh()), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def healthz(self, _: Request) -> Response:
        """200 if nothing needs attention, else 503. Anybody may ask, so it says nothing else."""
        look = await self._fresh()
        return JSONResponse({"healthy": not look.points}, 503 if look.points else 200)


def _range(request: Request) -> str:
    chosen = request.query_params.get("range", "today")
    return chosen if chosen in RANGES else "today"


def _file(name: str, kind: str, before: str = "") -> Callable[[Request], Awaitable[Response]]:
    """A file of this folder, after what it shares with the report."""
    text = before + (HERE / name).read_text()

    async def answer(_: Request) -> Response:
        return Response(text, media_type=kind, headers={"Cache-Control": "no-cache"})

    return answer
