"""Who looks at the site: browsers, at its own page, Home Assistant by MQTT, and those whom its alerts are sent to."""

import socket

from admin.page.extra import LISTEN, check_extra
from admin.setup.answers import LATER, Answers
from alerts.receivers import receivers
from journal.errors import BadSetting

CONNECT_SECONDS = 5.0
PAGES = {"here": LISTEN, "network": "0.0.0.0:8642"}  # who asks for it gets it, with a password


def page_proposal(answers: Answers) -> str:
    """As it is; else for this computer alone, which needs no password."""
    try:
        check_extra()
    except BadSetting:
        return LATER
    return answers.known("SOLAR_PAGE_LISTEN") or "here"


def check_page(listen: str, answers: Answers) -> None:
    check_extra()
    try:
        _is_local(listen)
    except ValueError as error:
        raise ValueError(f"answer {', '.join(PAGES)} or {LATER}; or {error}") from None


def is_page_open(answers: Answers) -> bool:
    listen = answers.values.get("SOLAR_PAGE_LISTEN")
    return listen is not None and not _is_local(listen)


def check_password(password: str, answers: Answers) -> None:
    from admin.page.server import address, check_token

    check_token(address(answers.values["SOLAR_PAGE_LISTEN"]), password)


def check_broker(url: str, answers: Answers) -> str:
    """Whether somebody listens there. Nothing is sent, so the password is not tried."""
    from mqtt.broker import address

    at = address(url)
    try:
        socket.create_connection((at.host, at.port), CONNECT_SECONDS).close()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ValueError(f"no broker answers at {at}: {why}; check host and port, or answer {LATER}") from None
    return f"{at} answers; `journalctl -u solar-mqtt` says whether it accepts user and password"


def check_alerts(urls: str, answers: Answers) -> str:
    """Whether Apprise understands them. Nothing is sent."""
    return f"{', '.join(each.name for each in receivers(urls))}; `sudo solar alert test` sends a message"


def page_address(answers: Answers) -> str | None:
    """What to tell about the page; None if there is none."""
    from admin.page.server import address

    listen = answers.values.get("SOLAR_PAGE_LISTEN")
    if listen is None:
        return None
    url = address(listen).url.rstrip("/")
    if _is_local(listen):
        return f"{url}, on this computer alone; for your phone: `sudo solar setup`, and answer network"
    return f"{url}, with any user name and your password"


def _is_local(listen: str) -> bool:
    """Raises ValueError if it is no address."""
    from admin.page.server import address

    return address(listen).is_local
