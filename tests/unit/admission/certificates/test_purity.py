"""What is due is judged without a look at the world."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import admission.certificates

PURE = ("contents.py", "issuing.py", "lifetimes.py", "upkeep.py")
STANDARD = {
    "__future__",
    "base64",
    "collections",
    "dataclasses",
    "datetime",
    "enum",
    "functools",
    "ipaddress",
    "typing",
}


@pytest.mark.parametrize("name", PURE)
def test_a_module_imports_nothing_that_touches_the_world_and_asks_for_no_time(name: str) -> None:
    tree = ast.parse(Path(admission.certificates.__file__).with_name(name).read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
            own = module.startswith("admission.certificates.") and f"{module.rpartition('.')[2]}.py" in PURE
            assert own or module.split(".")[0] in {*STANDARD, "cryptography"}, module
        assert not (isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}), "a clock"
