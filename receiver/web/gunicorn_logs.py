"""gunicorn's own log lines, through the same formatter as ours."""

from __future__ import annotations

from gunicorn.config import Config
from gunicorn.glogging import Logger


class PropagatingLogger(Logger):
    """Leaves the lines to the root logger instead of a handler of its own."""

    def setup(self, cfg: Config) -> None:
        """Called by gunicorn at the start and at each reload."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
