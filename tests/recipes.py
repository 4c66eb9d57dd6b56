"""What docs/cd shows: fenced blocks, and the shell scripts inside what CD systems read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CD = Path(__file__).parents[1] / "docs/cd"
PAGES = sorted(path.name for path in CD.glob("*.md"))
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_JENKINS_STEP = re.compile(r"\bsh '''\n(.*?)'''|\bsh '([^']*)'", re.DOTALL)


def text_of(page: str) -> str:
    """A page of docs/cd."""
    return (CD / page).read_text()


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return [body for found, body in _BLOCK.findall(text_of(page)) if found == language]


def documents(page: str) -> list[Any]:
    """The YAML blocks that are whole documents: a chart's template is none."""
    return [yaml.safe_load(body) for body in blocks(page, "yaml") if "{{" not in body.replace("${{", "")]


def jenkins_steps(block: str) -> list[str]:
    """The scripts of `sh` steps. In Groovy's strings a backslash at a line's end is the shell's, doubled or not."""
    return [long or short for long, short in _JENKINS_STEP.findall(block)]


def scripts(page: str) -> Iterator[str]:
    """Every shell script of a page, as the system would hand it to a shell."""
    yield from blocks(page, "sh")
    for block in blocks(page, "groovy"):
        yield from jenkins_steps(block)
    for block in blocks(page, "json"):
        json.loads(block)
    for document in documents(page):
        yield from _inside(document)


def _inside(node: Any) -> Iterator[str]:
    """`run` and `script` of GitHub, GitLab and Tekton, `command` of CircleCI, and Skaffold's `sh -c` hooks."""
    if isinstance(node, list):
        if node[:2] == ["sh", "-c"]:
            yield node[2]
            return
        for item in node:
            yield from _inside(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in ("run", "script", "command") and isinstance(value, str):
                yield value
            elif key == "script" and isinstance(value, list):
                yield "\n".join(value)
            else:
                yield from _inside(value)
