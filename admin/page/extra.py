"""Where the page listens by default, and whether what it needs is installed."""

from journal.errors import extra_missing

LISTEN = "127.0.0.1:8642"


def check_extra() -> None:
    """Raises BadSetting if what the page needs is not installed."""
    try:
        import prometheus_client  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ModuleNotFoundError:
        raise extra_missing("show the page", "Starlette, uvicorn and prometheus-client", "page") from None
