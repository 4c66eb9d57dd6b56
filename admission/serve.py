"""Serve the webhook."""

from __future__ import annotations

from gunicorn.arbiter import Arbiter

from admission.compose import compose
from admission.settings import AdmissionSettings
from receiver.errors import SettingError
from receiver.logs import configure_logs
from receiver.server_settings import variable_name
from receiver.web.server import Contexts, Server
from receiver.web.tls import Tls

KEEPALIVE_SECONDS = 120
"""Longer than the API server keeps an idle connection (Go's default: 90 s), so that it is never ours that ends one just
as the next request is on its way."""


def serve(settings: AdmissionSettings) -> None:
    """Run until SIGTERM or SIGINT; the request in hand is finished. Raises `SettingError` where TLS can't be served."""
    configure_logs(settings.log_format, settings.log_level)
    contexts = contexts_of(settings)
    Arbiter(Server("admission", settings, lambda: compose(settings), contexts, keepalive=KEEPALIVE_SECONDS)).run()


def contexts_of(settings: AdmissionSettings) -> Contexts:
    """Where the TLS context of each new connection comes from; the API server speaks to webhooks by HTTPS alone.

    Raises `SettingError` where it can't be had.
    """
    if settings.tls_files is None:
        raise SettingError(
            f"{variable_name('tls_certificate_file')}: found nothing, expected a file with the webhook's certificate"
        )
    return Tls(settings.tls_files).context
