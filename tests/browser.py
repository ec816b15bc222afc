"""Debian's Chromium without a window, driven by its DevTools protocol (chromedevtools.github.io/devtools-protocol).

Every message is JSON over one websocket: we send {id, method, params, sessionId}; it answers {id, result}, and tells
events {method, params, sessionId} in between. A tab is a session.
"""

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.servers import program

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--remote-debugging-port=0", "--font-render-hinting=none", "--host-resolver-rules=MAP pi.local 127.0.0.1"),
)
START_SECONDS = 30.0
ANSWER_SECONDS = 60.0


@dataclass
class Tab:
    """One page. `requests`: every address that it asked for; `errors`: what the console shows as an error."""

    browser: "Browser"
    session: str
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        return self.browser.send(method, self.session, **params)

    def heard(self, method: str, params: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.errors.append(json.dumps(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(params["entry"]["text"] + " " + params["entry"].get("url", ""))

    def look(self, url: str, *, width: int = 1100, height: int = 900, features: dict[str, str] | None = None) -> "Tab":
        """Go there, in a window of this size, with media features such as prefers-color-scheme."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        wanted = [{"name": name, "value": value} for name, value in (features or {}).items()]
        self.send("Emulation.setEmulatedMedia", features=wanted)
        self.send("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")
        return self

    def js(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is awaited."""
        told = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, condition: str, seconds: float = 20.0) -> None:
        """Wait until a JavaScript expression is true."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            waiting = (
                f"new Promise((done) => {{ const ends = Date.now() + 1000; const look = () => {{ let is = false; "
                f"try {{ is = Boolean({condition}); }} catch {{ }} "
                "if (is || Date.now() > ends) done(is); else setTimeout(look, 50); }; look(); })"
            )
            told = self.send("Runtime.evaluate", expression=waiting, returnByValue=True, awaitPromise=True)
            if told.get("result", {}).get("value") is True:
                return
        raise AssertionError(f"not true within {seconds} s: {condition}; errors: {self.errors}")

    def text(self, selector: str) -> str:
        found = self.js(f"document.querySelector({json.dumps(selector)})?.textContent ?? null")
        assert isinstance(found, str), f"there is no {selector}"
        return found

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))


class Browser:
    """A running Chromium."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._tabs: dict[str, Tab] = {}

    def send(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Ask, and hear what is told until the answer comes."""
        number = next(self._numbers)
        question = {"id": number, "method": method, "params": params}
        self._socket.send(json.dumps(question | ({"sessionId": session} if session else {})))
        while True:
            told = json.loads(self._socket.recv(timeout=ANSWER_SECONDS))
            if told.get("id") == number:
                assert "error" not in told, f"{method}: {told['error']}"
                result: dict[str, Any] = told["result"]
                return result
            if tab := self._tabs.get(told.get("sessionId", "")):
                tab.heard(told["method"], told["params"])

    def tab(self) -> Tab:
        """A new tab that has seen nothing yet."""
        context = self.send("Target.createBrowserContext")["browserContextId"]
        target = self.send("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = self._tabs[session] = Tab(self, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            tab.send(f"{domain}.enable")
        return tab


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Chromium with an empty profile below `profile`; skips where it is not installed."""
    command = [program("chromium", "chromium"), *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    port_file = profile / "DevToolsActivePort"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            ends = time.monotonic() + START_SECONDS
            while not (port_file.exists() and port_file.read_text().count("\n")):
                assert process.poll() is None, f"chromium ended with {process.returncode}"
                assert time.monotonic() < ends, "chromium does not start"
                time.sleep(0.05)
            port, path = port_file.read_text().split("\n")[:2]
            with connect(
                f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None, close_timeout=1, ping_interval=None
            ) as socket:
                browser = Browser(socket)
                yield browser
                browser.send("Browser.close")
        finally:
            process.terminate()
            process.wait(10)
