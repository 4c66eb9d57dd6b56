"""Generated deliveries: the envelope's grammar, broken in every way that came to mind, from a seeded source.

None of them asks rightly for the undo of the one workload that is there: whatever names it is broken elsewhere.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

NAMESPACE = "fuzzed"
NAME = "shop"
TEXTS = (
    "",
    " ",
    "\x00",
    "\ud800",  # A lone surrogate: JSON can say it, UTF-8 can't.
    "\u202eevil\u2066",
    "\u0000\u0001\u001f\x7f",
    "shop\n",
    "ѕhop",
    "SHOP",
    "Ⅷ½①",
    "🦀" * 40,
    "e\u0301" * 500,
    "..",
    ".",
    "../..",
    "..%2f..",
    "%2e%2e",
    "a/b",
    "shop?dryRun=All",
    "shop#x",
    "shop/status",
    "-",
    "*",
    "'; drop table rollbacks; --",
    "{{ .Labels }}",
    "${jndi:ldap://x}",
    "$(reboot)",
    'a="b",c!~"',
    "a" * 63,
    "a" * 254,
    "a" * 9000,
)
NUMBERS: tuple[Any, ...] = (0, -1, 1, 2**53, 2**64, -(2**63), 10**400, 1e308, -1e-308, 0.1, float("nan"), float("inf"))
TIMES = (
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "2026-02-30T00:00:00Z",
    "2026-03-01T24:00:00Z",
    "2026-03-01T12:00:60Z",
    "2026-03-01",
    "2026-W09-7T12:00:00Z",
    "20260301T120000Z",
    "2026-03-01T12:00:00",
    "2026-03-01T12:00:00+25:00",
    "2026-03-01T12:00:00.1234567890123456789Z",
    "２０２６-03-01T12:00:00Z",
    "now",
    "",
)
STATUSES = ("firing", "resolved", "Firing", "FIRING", "firing ", "suppressed", "", "firing\x00")
LABELS = ("alertname", "namespace", "deployment", "statefulset", "daemonset", "metricops", "severity", "__name__")


class Payloads:
    """An endless source of bodies, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - what is random here must be repeatable

    def next(self) -> tuple[bytes, str]:
        """A body and its content type."""
        dice = self._random
        kind = "application/json" if dice.random() < 0.97 else dice.choice(("text/plain", "", "application/json; x=ü"))
        roll = dice.random()
        if roll < 0.03:
            return dice.randbytes(dice.randrange(200)), kind
        if roll < 0.05:
            depth = dice.choice((10, 500, 5_000, 100_000))
            opened = dice.choice(("[", '{"alerts":', '{"alerts":[{"labels":'))
            return (opened * depth).encode(), kind
        text = json.dumps(self._envelope(), ensure_ascii=dice.random() < 0.8)
        body = text.encode("utf-8", "surrogatepass")
        if roll < 0.15:
            body = self._damaged(body)
        return body, kind

    def _damaged(self, body: bytes) -> bytes:
        dice, broken = self._random, bytearray(body)
        for _ in range(dice.randrange(1, 6)):
            if not broken:
                break
            at = dice.randrange(len(broken))
            match dice.randrange(4):
                case 0:
                    del broken[at : at + dice.randrange(1, 20)]
                case 1:
                    broken[at] ^= 1 << dice.randrange(8)
                case 2:
                    broken[at:at] = dice.choice((b"NaN", b"Infinity", b"-", b"\x00", b"\xff\xfe", b'"', b"1e999", b","))
                case _:
                    broken = broken[:at]
        # A bit flip may mend what was broken on purpose: such a body is cut short, and is no JSON then.
        return bytes(broken[:-1]) if asks_rightly(broken) else bytes(broken)

    def _envelope(self) -> Any:
        dice = self._random
        if dice.random() < 0.03:
            return self._anything()
        envelope: dict[str, Any] = {
            "version": "4",
            "groupKey": "{}:{}",
            "status": "firing",
            "receiver": "metricops",
            "truncatedAlerts": 0,
            "groupLabels": {},
            "commonLabels": {},
            "externalURL": "http://alertmanager",
            "alerts": [self._alert() for _ in range(dice.choice((0, 1, 1, 1, 2, 3, 8)))],
        }
        while dice.random() < 0.25:
            key = dice.choice((*envelope, dice.choice(TEXTS)))
            envelope[key] = self._anything()
        if dice.random() < 0.1:
            envelope.pop(dice.choice(list(envelope)))
        return envelope

    def _alert(self) -> Any:
        dice = self._random
        if dice.random() < 0.04:
            return self._anything()
        alert: dict[str, Any] = {
            "status": dice.choice(("firing", "firing", "firing", dice.choice(STATUSES))),
            "labels": self._labels(),
            "annotations": {"summary": dice.choice(TEXTS)},
            "startsAt": self._time(),
            "endsAt": self._time(),
            "generatorURL": dice.choice(TEXTS),
            "fingerprint": dice.choice(TEXTS),
        }
        while dice.random() < 0.2:
            alert[dice.choice((*alert, dice.choice(TEXTS)))] = self._anything()
        if names_the_workload(alert):
            self._break(alert)
        return alert

    def _break(self, alert: dict[str, Any]) -> None:
        """One thing that makes it no request for an undo."""
        dice = self._random
        match dice.randrange(5):
            case 0:
                alert["status"] = dice.choice(STATUSES[1:])
            case 1:
                alert["labels"]["metricops"] = dice.choice((*TEXTS, "Undo", "undo ", "redo"))
            case 2:
                alert["labels"]["statefulset"] = dice.choice(("x", NAME))
            case 3:
                alert["startsAt"] = "2020-01-01T00:00:00Z"  # Long before the rollout.
            case _:
                alert["labels"]["namespace"] = dice.choice((*TEXTS, f"{NAMESPACE}/", f" {NAMESPACE}", "default"))

    def _labels(self) -> Any:
        dice = self._random
        labels: dict[str, Any] = {"alertname": "Burn", "namespace": NAMESPACE, "deployment": NAME, "metricops": "undo"}
        while dice.random() < 0.5:
            labels[dice.choice(LABELS) if dice.random() < 0.8 else dice.choice(TEXTS)] = (
                dice.choice(TEXTS) if dice.random() < 0.8 else self._anything()
            )
        if dice.random() < 0.02:
            labels |= {f"label{number}": "x" for number in range(200)}
        return labels

    def _time(self) -> Any:
        dice = self._random
        if dice.random() < 0.5:
            return (datetime.now(UTC) + timedelta(seconds=dice.uniform(-3600, 3600))).isoformat()
        return dice.choice(TIMES) if dice.random() < 0.9 else self._anything()

    def _anything(self, depth: int = 0) -> Any:
        dice = self._random
        match dice.randrange(8 if depth < 5 else 5):
            case 0:
                return None
            case 1:
                return dice.random() < 0.5
            case 2 | 3:
                return dice.choice(TEXTS)
            case 4:
                return dice.choice(NUMBERS)
            case 5:
                return [self._anything(depth + 1) for _ in range(dice.randrange(4))]
            case _:
                return {dice.choice(TEXTS): self._anything(depth + 1) for _ in range(dice.randrange(4))}


def names_the_workload(alert: Any) -> bool:
    """Whether an alert asks for the undo of the workload that is there."""
    labels = alert.get("labels") if isinstance(alert, dict) else None
    return (
        isinstance(labels, dict)
        and (labels.get("namespace"), labels.get("deployment"), labels.get("metricops")) == (NAMESPACE, NAME, "undo")
        and alert.get("status") == "firing"
    )


def asks_rightly(body: bytes | bytearray) -> bool:
    """Whether a body would be right to be acted upon."""
    try:
        alerts = json.loads(body)["alerts"]
        return any(names_the_workload(alert) and alert["startsAt"] > "2026" for alert in alerts)
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
