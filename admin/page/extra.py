"""Where the page listens by default, and whether what it needs is installed."""

from journal.errors import BadSetting

LISTEN = "127.0.0.1:8642"
EXTRA_MISSING = (
    "cannot show the page: it needs Starlette, uvicorn and prometheus-client; install them with "
    "pip install 'solar-battery-monitoring[page]'"
)


def check_extra() -> None:
    """Raises BadSetting if what the page needs is not installed."""
    try:
        import prometheus_client  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ModuleNotFoundError:
        raise BadSetting(EXTRA_MISSING) from None
