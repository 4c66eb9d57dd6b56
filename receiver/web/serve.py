"""Serve the receiver: one worker process, so that there is one driver."""

from __future__ import annotations

from gunicorn.arbiter import Arbiter

from receiver.compose import compose
from receiver.logs import configure_logs
from receiver.settings import Settings
from receiver.web.server import Server
from receiver.web.tls import Tls


def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; the request in hand is finished. Raises `SettingError` where TLS can't be served."""
    configure_logs(settings.log_format, settings.log_level)
    tls = Tls(settings.tls_files) if settings.tls_files else None
    Arbiter(Server("receiver", settings, lambda: compose(settings, tls), tls.context if tls else None)).run()
