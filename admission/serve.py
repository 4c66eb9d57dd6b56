"""Serve the webhook."""

from __future__ import annotations

from datetime import UTC, datetime

from gunicorn.arbiter import Arbiter

from admission.certificates.compose import placeholder
from admission.certificates.served import ServedFile
from admission.compose import compose
from admission.settings import AdmissionSettings
from receiver.logs import configure_logs
from receiver.web.server import Server
from receiver.web.tls import Tls, TlsFiles

KEEPALIVE_SECONDS = 120
"""Longer than the API server keeps an idle connection (Go's default: 90 s), so that it is never ours that ends one just
as the next request is on its way."""


def serve(settings: AdmissionSettings) -> None:
    """Run until SIGTERM or SIGINT; the request in hand is finished. Raises `SettingError` where TLS can't be served.

    Without certificate files the webhook has an authority of its own (`admission/certificates/`). The port is open
    from the start, for probes, with a certificate that no API server believes.
    """
    configure_logs(settings.log_format, settings.log_level)
    files, own = settings.tls_files, None
    if files is None:
        own = ServedFile(placeholder(settings, datetime.now(UTC)))
        files = TlsFiles(own.path, own.path)
    try:
        Arbiter(
            Server(
                "admission",
                settings,
                lambda: compose(settings, files, own),
                Tls(files).context,
                keepalive=KEEPALIVE_SECONDS,
            )
        ).run()
    finally:
        if own is not None:
            own.remove()
