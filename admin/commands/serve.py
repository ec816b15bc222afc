"""`solar serve`: the site's own page, on this computer or in its network; it changes nothing."""

import logging
import os
from typing import Annotated

import typer

from admin.page.extra import LISTEN, check_extra
from admin.terminal import options
from admin.terminal.console import log_to_stderr, stop_on_signals
from admin.terminal.sd_notify import Supervisor, WatchdogStop
from journal.errors import BadSetting

# fmt: off
Listen = Annotated[str, typer.Option(
    "--listen", envvar="SOLAR_PAGE_LISTEN", metavar="HOST:PORT",
    help="Address of the site's own page; 0.0.0.0:8642 opens it to the network and needs SOLAR_PAGE_TOKEN.")]
# fmt: on


def serve(
    *,
    listen: Listen = LISTEN,
    data: options.Data = options.DATA,
    url: options.Url = None,
    verbose: options.Verbose = False,
) -> None:
    """Show the site's own page to browsers: now, charts, energy."""
    check_extra()
    from admin.page.server import address, check_token, serving
    from admin.page.site import Site

    log_to_stderr(verbose=verbose)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    token = os.environ.get("SOLAR_PAGE_TOKEN", "").strip()
    try:
        where = address(listen)
    except ValueError as error:
        raise BadSetting(f"cannot listen on {listen}: {error}") from None
    check_token(where, token)
    hint = " (any user name; the password is SOLAR_PAGE_TOKEN)" if token else ""
    supervisor = Supervisor.from_environment()
    stop = WatchdogStop(supervisor)
    site = Site(data, is_upload_wanted=bool(url))
    with stop_on_signals(stop), serving(site, where, token, stop) as at:
        print(f"The page is at {at.url}{hint}", flush=True)
        site.run(stop, supervisor.heartbeat)
        supervisor.stopping()
