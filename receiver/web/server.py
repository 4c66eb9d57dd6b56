"""gunicorn as every server of ours runs it: one worker process with threads, so that there is one of everything."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from typing import Any, Protocol

from flask import Flask
from gunicorn.app.base import BaseApplication

from receiver.logs import configure_logs, log
from receiver.server_settings import ServerSettings
from receiver.web.gunicorn_logs import PropagatingLogger
from receiver.web.worker import worker_class

GRACEFUL_SECONDS = 20
STALLED_WORKER_SECONDS = 60
KEEPALIVE_SECONDS = 75

Contexts = Callable[[], ssl.SSLContext]
"""Gives the TLS context of a new connection; those that are open keep theirs."""


class Service(Protocol):
    """What is served, and what works behind it."""

    @property
    def app(self) -> Flask:
        """The application."""

    def start(self) -> None:
        """Start the threads: called in the worker process."""

    def stop(self) -> None:
        """Let each thread finish what it has in hand."""


class Server(BaseApplication):
    """gunicorn, configured by our settings alone; its own environment and files are not read."""

    def __init__(
        self,
        name: str,
        settings: ServerSettings,
        compose: Callable[[], Service],
        contexts: Contexts | None = None,
        *,
        keepalive: int = KEEPALIVE_SECONDS,
    ) -> None:
        """`compose` is called in the worker process: connections and threads are made after the fork.

        Without `contexts` the port speaks plain HTTP. `keepalive` is in seconds, is how long an idle
        connection stays open.
        """
        self._name = name
        self._settings = settings
        self._compose = compose
        self._contexts = contexts
        self._keepalive = keepalive
        self._service: Service | None = None
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
            "keepalive": self._keepalive,
            "logger_class": PropagatingLogger,
            "worker_tmp_dir": "/dev/shm",  # noqa: S108 - the heartbeat file; the root is read-only
            "proc_name": f"metricops-{self._name}",
            "post_worker_init": lambda _worker: self._start(),
            "worker_exit": lambda _server, _worker: self._stop(),
        }
        if "control_socket_disable" in self.cfg.settings:
            options["control_socket_disable"] = True  # Newer versions open a socket in the home folder.
        contexts = self._contexts
        if contexts is not None:
            # A file that is named switches TLS on; it is never read, because the context of each connection is ours.
            options["certfile"] = os.devnull
            options["ssl_context"] = lambda _configuration, _default: contexts()
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:  # type: ignore[override]  # a Flask is a WSGI callable
        """Called by gunicorn in the worker process."""
        configure_logs(self._settings.log_format, self._settings.log_level)
        self._service = self._compose()
        return self._service.app

    def _start(self) -> None:
        if self._service is not None:
            self._service.start()
            log(f"{self._name} started", listen=self._settings.listen)

    def _stop(self) -> None:
        if self._service is not None:
            self._service.stop()
            log(f"{self._name} stopped")
