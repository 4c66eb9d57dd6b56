"""Whether a text is a Go template that Prometheus can expand: a rule file with one that it can't is not loaded at all.

The grammar is that of Go's text/template, the functions those of Prometheus' "Template reference".
"""

from __future__ import annotations

import itertools
import re

_ACTION = re.compile(
    r"""
    \{\{-?
    (?P<body>(?: "(?:\\.|[^"\\\n])*" | `[^`]*` | '(?:\\.|[^'\\\n])+' | /\*.*?\*/ | /(?!\*) | [^"`'/}] | \}(?!\}) )*?)
    -?\}\}
    """,
    re.VERBOSE | re.DOTALL,
)
_TOKEN = re.compile(
    r"""
    (?P<text>"(?:\\.|[^"\\\n])*" | `[^`]*` | '(?:\\.|[^'\\\n])+')
    | (?P<number>[-+]?(?:0[xX][0-9a-fA-F]+ | [0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?))
    | (?P<variable>\$\w*(?:\.[A-Za-z_]\w*)*)
    | (?P<field>(?:\.[A-Za-z_]\w*)+ | \.(?!\w))
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
        "toDuration",
        "pathPrefix",
        "externalURL",
        "parseDuration",
        "stripPort",
        "stripDomain",
        "externalLabels",
        "tmpl",
    )
)
"""Those that Prometheus 2.42 has and all later ones."""
_BLOCKS = frozenset({"if", "range", "with"})
_LONGEST_SHOWN = 60


def template_problem(text: str) -> str:
    """What keeps the text from being expanded, in words; empty where nothing does."""
    if "{{" not in text:
        return ""
    rest = _ACTION.sub("", text)
    if "{{" in rest:
        return "a {{ that no }} closes"
    known = set(_VARIABLES)
    depth = 0
    for action in _ACTION.finditer(text):
        body = action["body"].strip()
        if body.startswith("/*") and body.endswith("*/"):
            continue
        shown = repr(body if len(body) <= _LONGEST_SHOWN else body[:_LONGEST_SHOWN] + "…")
        tokens = _tokens(body)
        if not tokens:
            return f"the template {shown}"
        first = tokens[0]["word"] or ""
        depth += (first in _BLOCKS) - (first == "end")
        if depth < 0 or (first == "else" and not depth):
            return f"{first} without if, range or with"
        wrong = _wrong_token(tokens[1:] if first in {*_BLOCKS, "else", "end"} else tokens, known)
        if wrong:
            return f"{wrong} in the template {shown}"
    return "a block without end" if depth else ""


def _tokens(body: str) -> list[re.Match[str]]:
    """The tokens; none where a part of the text is no token."""
    found: list[re.Match[str]] = []
    position = 0
    while position < len(body):
        if body[position].isspace():
            position += 1
            continue
        token = _TOKEN.match(body, position)
        if token is None:
            return []
        found.append(token)
        position = token.end()
    return found


def _wrong_token(tokens: list[re.Match[str]], known: set[str]) -> str:
    for token, after in itertools.pairwise(tokens):
        if token["variable"] and after[0] in (":=", ","):
            known.add(token["variable"])
    depth = 0
    for token in tokens:
        depth += bool(token["open"]) - bool(token["close"])
        if depth < 0:
            return "a ) that nothing opened"
        word, variable = token["word"], (token["variable"] or "").split(".")[0]
        if word and word not in _FUNCTIONS | _CONSTANTS | {"if"}:
            return f"the unknown function {word}"
        if variable and variable not in known:
            return f"the unknown variable {variable}"
    return "a ( that nothing closes" if depth else ""
