"""Serve the receiver with gunicorn: one worker process with threads, so that there is one driver."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from receiver.compose import Receiver, compose
from receiver.logs import configure_logs, log
from receiver.settings import Settings
from receiver.web.gunicorn_logs import PropagatingLogger
from receiver.web.tls import Tls
from receiver.web.worker import worker_class

GRACEFUL_SECONDS = 20
STALLED_WORKER_SECONDS = 60


class ReceiverServer(BaseApplication):
    """gunicorn, configured by our settings alone; its own environment and files are not read."""

    def __init__(self, settings: Settings, tls: Tls | None) -> None:
        self._settings = settings
        self._tls = tls
        self._receiver: Receiver | None = None
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn."""
        host, port = self._settings.address
        options: dict[str, Any] = {
            "bind": [f"{host}:{port}"],
            "workers": 1,
            "worker_class": worker_class(self._settings.request_seconds),
            "threads": self._settings.thread_count,
            "graceful_timeout": GRACEFUL_SECONDS,
            "timeout": STALLED_WORKER_SECONDS,
            "keepalive": 75,
            "logger_class": PropagatingLogger,
            "worker_tmp_dir": "/dev/shm",  # noqa: S108 - the heartbeat file; the root is read-only
            "proc_name": "metricops-receiver",
            "post_worker_init": lambda _worker: self._start(),
            "worker_exit": lambda _server, _worker: self._stop(),
        }
        if "control_socket_disable" in self.cfg.settings:
            options["control_socket_disable"] = True  # Newer versions open a socket in the home folder.
        tls = self._tls
        if tls is not None:
            # Files that are named switch TLS on; the context of each connection is ours.
            options["certfile"] = self._settings.tls_certificate_file
            options["keyfile"] = self._settings.tls_key_file
            options["ssl_context"] = lambda _configuration, _default: tls.context()
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:  # type: ignore[override]  # a Flask is a WSGI callable
        """Called by gunicorn in the worker process: connections and threads are made after the fork."""
        configure_logs(self._settings.log_format, self._settings.log_level)
        self._receiver = compose(self._settings, self._tls)
        return self._receiver.app

    def _start(self) -> None:
        if self._receiver is not None:
            self._receiver.start()
            log("receiver started", listen=self._settings.listen, prometheus=self._settings.prometheus_url)

    def _stop(self) -> None:
        if self._receiver is not None:
            self._receiver.stop()
            log("receiver stopped")


def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; the request in hand is finished. Raises `SettingError` where TLS can't be served."""
    configure_logs(settings.log_format, settings.log_level)
    tls = Tls(settings.tls_files) if settings.tls_files else None
    Arbiter(ReceiverServer(settings, tls)).run()
