"""YAML text as nodes with their places, within limits: an SLO file may come from anyone.

Nothing is constructed from the text but mappings, sequences and scalars; aliases are refused, because a few hundred
bytes of them unfold into gigabytes.
"""

from __future__ import annotations

import yaml

from rules.problems import Problem

MOST_BYTES = 1024 * 1024
MOST_LEVELS = 32

LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, where PyYAML was built with it."""


def read_documents(content: bytes, file: str) -> tuple[list[yaml.Node], list[Problem]]:
    """The documents of a file that are not empty, and what keeps the file from being read (then no documents)."""
    if len(content) > MOST_BYTES:
        return [], [Problem(file, 1, "", f"more than {MOST_BYTES} bytes", "at most 1 MiB")]
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return [], [Problem(file, line, "", f"byte {error.start} that is not UTF-8", "UTF-8 text")]
    try:
        problems = _limits(text, file)
        if problems:
            return [], problems
        nodes = [node for node in yaml.compose_all(text, Loader=LOADER) if not _is_empty(node)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return [], [Problem(file, mark.line + 1 if mark else 1, "", error.problem or "broken YAML", "valid YAML")]
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return [], [Problem(file, line, "", f"the character {chr(error.character)!r}", "printable text")]
    if not nodes:
        return [], [Problem(file, 1, "", "no document", "a ServiceLevelObjective")]
    return nodes, []


def _is_empty(node: yaml.Node | None) -> bool:
    return node is None or (isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null")


def _limits(text: str, file: str) -> list[Problem]:
    level = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.AliasEvent):
            return [Problem(file, _line(event), "", f"the alias *{event.anchor}", "each value written out")]
        if isinstance(event, yaml.CollectionStartEvent):
            level += 1
            if level > MOST_LEVELS:
                return [Problem(file, _line(event), "", "deeper nesting", f"at most {MOST_LEVELS} levels")]
        elif isinstance(event, yaml.CollectionEndEvent):
            level -= 1
    return []


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
