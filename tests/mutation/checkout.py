"""A temporary copy of the checkout in which mutmut may write, made ready for it."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

CHECKOUT = Path(__file__).resolve().parents[2]
COPIED = ("receiver", "rules", "tests", "pyproject.toml")
GETTER = "get_"


@contextmanager
def copy_for_mutmut() -> Iterator[Path]:
    """The folder of the copy; it is gone afterwards."""
    with TemporaryDirectory(prefix="metricops-mutation-") as temporary:
        folder = Path(temporary)
        for name in COPIED:
            source = CHECKOUT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, folder / name)
        for path in folder.glob("receiver/**/*.py"):
            path.write_text(with_plain_getters(path.read_text()))
        yield folder


def with_plain_getters(source: str) -> str:
    """The module with each `@property` as a method and an attribute: mutmut leaves decorated functions alone."""
    lines = source.splitlines(keepends=True)
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    for node in sorted(functions, key=lambda node: node.lineno, reverse=True):
        decorator = node.decorator_list[0] if len(node.decorator_list) == 1 else None
        if not isinstance(decorator, ast.Name) or decorator.id != "property":
            continue
        definition = node.lineno - 1
        lines.insert(
            node.end_lineno or node.lineno, f"{' ' * node.col_offset}{node.name} = property({GETTER}{node.name})\n"
        )
        lines[definition] = lines[definition].replace(f"def {node.name}(", f"def {GETTER}{node.name}(")
        del lines[decorator.lineno - 1]
    return "".join(lines)
