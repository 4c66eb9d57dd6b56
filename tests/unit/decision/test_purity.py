"""The judgement imports nothing that touches the world."""

from __future__ import annotations

import ast
from pathlib import Path

import receiver.decision

ALLOWED_STANDARD = {"__future__", "collections", "dataclasses", "datetime", "enum", "hashlib", "json", "math", "typing"}
ALLOWED_OWN = ("receiver.decision", "receiver.names", "receiver", "rules.comparison", "rules.durations", "rules.names")


def test_only_pure_imports() -> None:
    folder = Path(receiver.decision.__file__).parent
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            modules = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for module in modules:
                pure = (
                    module.split(".")[0] in ALLOWED_STANDARD
                    or module in ALLOWED_OWN
                    or (module.startswith("receiver.decision."))
                )
                assert pure, f"{file.name} imports {module}"


def test_nothing_asks_for_the_time() -> None:
    folder = Path(receiver.decision.__file__).parent
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"now", "utcnow", "today"} or isinstance(node.value, ast.Name | ast.Attribute)
                clock = isinstance(node.value, ast.Name) and node.value.id in {"datetime", "date", "time"}
                assert not (clock and node.attr in {"now", "utcnow", "today", "time"}), file.name
