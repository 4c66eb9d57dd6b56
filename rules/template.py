"""Whether a text is a Go template that Prometheus can expand: a rule file with one that it can't is not loaded at all.

The grammar is that of Go's text/template without named templates and loops that are left early; the functions are those
of Prometheus' "Template reference".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_ACTION = re.compile(
    r"""
    \{\{(?P<body>-?
    (?: "(?:\\.|[^"\\\n])*" | `[^`]*` | '(?:\\.|[^'\\\n])+' | /\*.*?\*/ | /(?!\*) | [^"`'/{}] | \{(?!\{) | \}(?!\}) )*?
    )\}\}
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"(?:-\s)?/\*.*?\*/(?:\s-)?", re.DOTALL)
_TRIMMED = re.compile(r"\A-(?=\s)|(?<=\s)-\Z")
_TOKEN = re.compile(
    r"""
    (?P<text>"(?:\\.|[^"\\\n])*" | `[^`]*`)
    | (?P<number>[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![\w.]))
    | (?P<variable>\$\w*)(?P<fields>(?:\.[A-Za-z_]\w*)*)
    | (?P<field>(?:\.[A-Za-z_]\w*)+ | \.(?![\w]))
    | (?P<word>[A-Za-z_]\w*)
    | (?P<open>\() | (?P<close>\)(?:\.[A-Za-z_]\w*)*)
    | (?P<sign>:=|[|=,])
    """,
    re.VERBOSE,
)
_VARIABLES = frozenset({"$", "$labels", "$externalLabels", "$externalURL", "$value"})
_CONSTANTS = frozenset({"true", "false", "nil"})
_FUNCTIONS = frozenset(
    (
        "and",
        "call",
        "html",
        "index",
        "slice",
        "js",
        "len",
        "not",
        "or",
        "print",
        "printf",
        "println",
        "urlquery",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "query",
        "first",
        "label",
        "value",
        "sortByLabel",
        "strvalue",
        "args",
        "safeHtml",
        "match",
        "title",
        "toUpper",
        "toLower",
        "graphLink",
        "tableLink",
        "reReplaceAll",
        "humanize",
        "humanize1024",
        "humanizeDuration",
        "humanizePercentage",
        "humanizeTimestamp",
        "toTime",
        "pathPrefix",
        "externalURL",
        "parseDuration",
        "stripPort",
        "stripDomain",
    )
)
"""Those that Prometheus has for rules, from 2.42 on."""
LONGEST_TEMPLATE = 8192
_BLOCKS = frozenset({"if", "range", "with"})
_LONGEST_SHOWN = 60


class _Wrong(ValueError):  # noqa: N818 - a text, not a failure
    """The message says what is wrong."""


@dataclass(slots=True)
class _Block:
    """What is open: its variables, and whether its `else` has been there."""

    known: set[str]
    has_else: bool = False


@dataclass(slots=True)
class _Action:
    """The tokens of one action, read from the left."""

    tokens: list[re.Match[str]]
    known: set[str]
    position: int = field(default=0)

    @property
    def next(self) -> re.Match[str] | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def take(self, group: str, *words: str) -> str:
        """The next token, if it is of this group and one of the words; else nothing is taken."""
        token = self.next
        if token is None or not token[group] or (words and token[group] not in words):
            return ""
        self.position += 1
        return str(token[group])

    def pipeline(self, *, declares: int = 1) -> None:
        """Commands with | between them, whose value a variable may take."""
        self._declaration(declares)
        self._command(first=True)
        while self.take("sign", "|"):
            self._command(first=False)

    def _declaration(self, most: int) -> None:
        start = self.position
        names: list[str] = []
        while len(names) < most and (name := self._bare_variable()):
            names.append(name)
            if not self.take("sign", ","):
                break
        sign = self.take("sign", ":=", "=") if names else ""
        if not sign:
            self.position = start
        elif sign == "=" and not set(names) <= self.known:
            raise _Wrong(f"the unknown variable {names[0]}")
        self.known |= set(names) if sign else set()

    def _bare_variable(self) -> str:
        token = self.next
        return self.take("variable") if token is not None and not token["fields"] else ""

    def _command(self, *, first: bool) -> None:
        operands = 0
        callable_first = False
        while (token := self.next) is not None and not token["sign"] and not token["close"]:
            if operands and token.start() == self.tokens[self.position - 1].end():
                raise _Wrong(f"{token[0]!r} without a space before it")
            can_be_called = self._operand(token)
            callable_first = can_be_called if not operands else callable_first
            operands += 1
        if not operands:
            raise _Wrong("nothing where a value should be")
        if not callable_first and (operands > 1 or not first):
            raise _Wrong("a value where a function should be")

    def _operand(self, token: re.Match[str]) -> bool:
        """Read one; gives whether it is a function."""
        self.position += 1
        if token["open"]:
            self.pipeline(declares=0)
            if not self.take("close"):
                raise _Wrong("a ( that nothing closes")
            return False
        word = token["word"]
        if word and word not in _FUNCTIONS | _CONSTANTS:
            raise _Wrong(f"the unknown function {word}")
        if word == "nil" and self.position == 1:
            raise _Wrong("nil alone")
        if token["variable"] and token["variable"] not in self.known:
            raise _Wrong(f"the unknown variable {token['variable']}")
        return bool(word) and word not in _CONSTANTS

    def end(self) -> None:
        """Raise where tokens are left."""
        if (token := self.next) is not None:
            raise _Wrong(f"{token[0]!r} where the end should be")


def template_problem(text: str) -> str:
    """What keeps the text from being expanded, in words; empty where nothing does."""
    if "{{" not in text:
        return ""
    if len(text) > LONGEST_TEMPLATE:
        return f"{len(text)} characters, more than {LONGEST_TEMPLATE}"
    if "{{" in _ACTION.sub("", text):
        return "a {{ that no }} closes"
    blocks = [_Block(set(_VARIABLES))]
    for action in _ACTION.finditer(text):
        if _COMMENT.fullmatch(action["body"]):
            continue
        body = _TRIMMED.sub("", action["body"]).strip()
        shown = body if len(body) <= _LONGEST_SHOWN else body[:_LONGEST_SHOWN] + "…"
        try:
            _read(_Action(_tokens(body), blocks[-1].known), blocks)
        except _Wrong as wrong:
            return f"{wrong} in {{{{ {shown} }}}}"
    return "a block without end" if len(blocks) > 1 else ""


def _read(action: _Action, blocks: list[_Block]) -> None:
    if action.take("word", "end"):
        if len(blocks) == 1:
            raise _Wrong("an end of nothing")
        blocks.pop()
    elif action.take("word", "else"):
        if len(blocks) == 1 or blocks[-1].has_else:
            raise _Wrong("an else of nothing")
        if action.take("word", "if"):
            action.pipeline()
        else:
            blocks[-1].has_else = True
    elif word := action.take("word", *_BLOCKS):
        blocks.append(_Block(set(action.known)))
        action.known = blocks[-1].known
        action.pipeline(declares=2 if word == "range" else 1)
    else:
        action.pipeline()
    action.end()


def _tokens(body: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    position = 0
    while position < len(body):
        if body[position].isspace():
            position += 1
            continue
        token = _TOKEN.match(body, position)
        if token is None:
            raise _Wrong(f"{body[position]!r}")
        found.append(token)
        position = token.end()
    return found
