"""`solar mqtt`: publishes the newest values to an MQTT broker, for Home Assistant."""

import os
import time
from contextlib import ExitStack
from typing import Annotated

import typer

from admin.terminal import options, unknown_settings
from admin.terminal.console import log_to_stderr, program_version, stop_on_signals
from admin.terminal.sd_notify import Supervisor, WatchdogStop
from journal.files import is_there

# fmt: off
Every = Annotated[float, typer.Option(
    "--every", envvar="SOLAR_MQTT_EVERY", parser=options.number_above_zero, metavar="SECONDS",
    help="Seconds between looks for a new reading.")]
AGAIN_SECONDS = 3600.0
"""How often everything is sent again, in case the broker has lost what it kept."""
# fmt: on


def mqtt(
    *,
    data: options.Data = options.DATA,
    site: options.Site = options.SITE,
    every: Every = 5.0,
    verbose: options.Verbose = False,
) -> int:
    """Publish the newest values by MQTT, for Home Assistant, until stopped.

    SOLAR_MQTT_URL says where: mqtt://USER:PASSWORD@HOST:1883, or mqtts:// for TLS.
    """
    from mqtt.broker import SETTING, Broker, address
    from mqtt.discovery import Topics
    from mqtt.publisher import Publisher

    log_to_stderr(verbose=verbose)
    unknown_settings.warn()
    at, topics = address(os.environ.get(SETTING, "")), Topics(site)
    is_there(data / "journal.db")
    broker = Broker(at, topics)
    publisher = Publisher(data / "journal.db", broker, topics, program_version())
    supervisor = Supervisor.from_environment()
    stop = WatchdogStop(supervisor)
    again_at = time.monotonic()
    with ExitStack() as opened:
        opened.enter_context(stop_on_signals(stop))
        broker.start()
        opened.callback(broker.stop)
        while not stop.is_set():
            supervisor.heartbeat(f"publishing to {at}")
            if broker.has_news.is_set() or time.monotonic() >= again_at:
                broker.has_news.clear()
                again_at = time.monotonic() + AGAIN_SECONDS
                publisher.forget()
            publisher.step()
            stop.wait(every)
        supervisor.stopping()
    return 0
