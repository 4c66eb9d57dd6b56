"""Serve the webhook."""

from __future__ import annotations

from datetime import UTC, datetime

from gunicorn.arbiter import Arbiter

from admission.certificates.compose import placeholder
from admission.certificates.served import ServedContext
from admission.compose import compose
from admission.settings import AdmissionSettings
from receiver.errors import SettingError
from receiver.logs import configure_logs
from receiver.web.server import Contexts, Server
from receiver.web.tls import Tls

KEEPALIVE_SECONDS = 120
"""Longer than the API server keeps an idle connection (Go's default: 90 s), so that it is never ours that ends one just
as the next request is on its way."""


def serve(settings: AdmissionSettings) -> None:
    """Run until SIGTERM or SIGINT; the request in hand is finished. Raises `SettingError` where TLS can't be served.

    Without certificate files the webhook has an authority of its own (`admission/certificates/`). The port is open
    from the start, for probes, with a certificate that no API server believes.
    """
    configure_logs(settings.log_format, settings.log_level)
    own: ServedContext | None = None
    if settings.tls_files is not None:
        contexts: Contexts = Tls(settings.tls_files).context
    else:
        own = _served_context(settings)
        contexts = own.context
    Arbiter(Server("admission", settings, lambda: compose(settings, own), contexts, keepalive=KEEPALIVE_SECONDS)).run()


def _served_context(settings: AdmissionSettings) -> ServedContext:
    try:
        return ServedContext(placeholder(settings, datetime.now(UTC)))
    except OSError as error:
        raise SettingError(f"TMPDIR: found {error}, expected a folder that can be written") from None
