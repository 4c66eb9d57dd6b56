"""Structured logs: one JSON object per line, with a reason wherever something was decided."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from receiver.timestamps import format_time

LOGGER = logging.getLogger("metricops")
FIELDS = "metricops_fields"
ENCODER = json.JSONEncoder(default=str)
"""One for all lines: `json.dumps` with a default would make one for each."""


def log(message: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Write one line. Field values are data: they are escaped, never formatted into the message."""
    LOGGER.log(level, message, extra={FIELDS: {key: value for key, value in fields.items() if value not in ("", None)}})


class JsonFormatter(logging.Formatter):
    """`{"time", "level", "message", …fields}`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line: dict[str, object] = {
            "time": format_time(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return ENCODER.encode(line)


class TextFormatter(logging.Formatter):
    """`time level message key=value …`, for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of text (more where there is an exception)."""
        fields = " ".join(f"{key}={ENCODER.encode(value)}" for key, value in getattr(record, FIELDS, {}).items())
        moment = datetime.fromtimestamp(record.created, UTC)
        line = f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d} {record.levelname.lower():7} {record.getMessage()}"
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return f"{line} {fields}".rstrip() + trace


def configure_logs(log_format: str, level: str) -> None:
    """Send all logs of the process to standard error."""
    # What no line of ours shows is not looked up for each of them (Python's Logging HOWTO, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in ("urllib3", "kubernetes"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
