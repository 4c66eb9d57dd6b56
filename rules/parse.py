"""Specification files (`metricops.dev/v1`, kind `ServiceLevelObjective`) into values."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from rules.document import Reader, Value, read_documents
from rules.durations import DurationError, format_duration, parse_duration
from rules.names import API_VERSION, KIND, WINDOW_PLACEHOLDER, WORKLOAD_LABELS
from rules.problems import SpecificationError
from rules.specification import (
    DEFAULT_MINIMUM_ERRORS,
    BurnWindow,
    Objective,
    RawRule,
    Specification,
    WorkloadTarget,
)
from rules.windows import burn_factor, can_fire, decimal_text, threshold, workbook_windows

DNS_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
SEVERITIES = ("page", "ticket")


def parse(text: bytes, file: str) -> list[Specification]:
    """All specifications of a file. Raises `SpecificationError` with everything that is wrong with it."""
    reader = Reader()
    found: list[Specification] = []
    names: dict[tuple[str, str], int] = {}
    for document in read_documents(text, file):
        parser = _DocumentParser(reader, document)
        specification = parser.parse()
        if specification is None:
            continue
        key = (specification.workload.namespace, specification.name)
        if key in names:
            reader.wrong(parser.name_value, f"another name than on line {names[key]}", f"{key[1]!r} a second time")
        names.setdefault(key, parser.name_value.line)
        found.append(specification)
    if reader.problems:
        raise SpecificationError(reader.problems)
    return found


class _DocumentParser:
    """One document; wrong parts are noted in the reader, and the result is then not used."""

    def __init__(self, reader: Reader, document: Value) -> None:
        self._reader = reader
        self._document = document
        self.name_value = document

    def parse(self) -> Specification | None:
        reader, document = self._reader, self._document
        before = len(reader.problems)
        fields = reader.mapping(document, ("apiVersion", "kind", "metadata", "spec"))
        if not fields:
            return None
        for name, wanted in (("apiVersion", API_VERSION), ("kind", KIND)):
            value = reader.required(document, fields, name, wanted)
            if value is not None and value.content != wanted:
                reader.wrong(value, repr(wanted))
        name = self._name(fields)
        spec = reader.required(document, fields, "spec", "a mapping")
        if spec is None:
            return None
        known = ("service", "workload", "objective", "window", "indicator", "alerting", "rule")
        parts = reader.mapping(spec, known)
        service = reader.text(parts["service"]) if "service" in parts else name
        workload = self._workload(reader.required(spec, parts, "workload", "namespace and one workload"))
        result: Specification
        if "rule" in parts:
            for other in ("objective", "window", "indicator", "alerting"):
                if other in parts:
                    reader.wrong(parts[other], "nothing beside rule", "a field of an objective")
            result = self._raw_rule(name, service, workload, parts["rule"])
        else:
            result = self._objective(name, service, workload, spec, parts)
        return result if len(reader.problems) == before else None

    def _name(self, fields: dict[str, Value]) -> str:
        reader = self._reader
        metadata = reader.required(self._document, fields, "metadata", "a mapping with a name")
        if metadata is None:
            return ""
        inner = reader.mapping(metadata, ("name", "labels", "annotations", "namespace"))
        value = reader.required(metadata, inner, "name", "a DNS name")
        self.name_value = value or metadata
        return self._dns(value)

    def _workload(self, value: Value | None) -> WorkloadTarget:
        reader = self._reader
        nobody = WorkloadTarget("", WORKLOAD_LABELS[0], "")
        if value is None:
            return nobody
        fields = reader.mapping(value, ("namespace", *WORKLOAD_LABELS))
        namespace = self._dns(reader.required(value, fields, "namespace", "a namespace"))
        kinds = [label for label in WORKLOAD_LABELS if label in fields]
        if len(kinds) != 1:
            reader.wrong(value, f"exactly one of {', '.join(WORKLOAD_LABELS)}", " and ".join(kinds) or "none of them")
            return nobody
        return WorkloadTarget(namespace, kinds[0], self._dns(fields[kinds[0]]))

    def _raw_rule(self, name: str, service: str, workload: WorkloadTarget, value: Value) -> RawRule:
        fields = self._reader.mapping(value, ("expr", "for"))
        expression = self._reader.text(self._reader.required(value, fields, "expr", "a PromQL expression"))
        return RawRule(name, service, workload, expression, self._duration(fields.get("for"), timedelta(0)))

    def _objective(
        self, name: str, service: str, workload: WorkloadTarget, spec: Value, parts: dict[str, Value]
    ) -> Objective:
        reader = self._reader
        objective = self._percent(reader.required(spec, parts, "objective", "a percentage such as 99.9"))
        period = self._duration(parts.get("window"), timedelta(days=30))
        errors, total = self._indicator(reader.required(spec, parts, "indicator", "errorsOverTotal"))
        minimum, windows = self._alerting(parts.get("alerting"), period)
        place = parts.get("alerting") or parts.get("objective") or spec
        for window in windows:
            if objective and not can_fire(window, 1 - objective):
                factor, budget = decimal_text(window.factor), decimal_text(1 - objective)
                reader.wrong(
                    place,
                    "a factor × budget below 1, or the alert can never fire",
                    f"{factor} × {budget} = {decimal_text(threshold(window, 1 - objective))} "
                    f"for the {format_duration(window.long)} window",
                )
        return Objective(name, service, workload, objective, period, errors, total, windows, minimum)

    def _indicator(self, value: Value | None) -> tuple[str, str]:
        reader = self._reader
        if value is None:
            return "", ""
        fields = reader.mapping(value, ("errorsOverTotal",))
        ratio = reader.required(value, fields, "errorsOverTotal", "the queries errors and total")
        if ratio is None:
            return "", ""
        queries = reader.mapping(ratio, ("errors", "total"))
        return self._query(ratio, queries, "errors"), self._query(ratio, queries, "total")

    def _query(self, parent: Value, queries: dict[str, Value], name: str) -> str:
        value = self._reader.required(parent, queries, name, "a PromQL query over [$window]")
        text = self._reader.text(value, "a PromQL query over [$window]")
        if value is not None and text and WINDOW_PLACEHOLDER not in text:
            self._reader.wrong(value, f"the placeholder [{WINDOW_PLACEHOLDER}] as the query's range")
        return text.strip()

    def _alerting(self, value: Value | None, period: timedelta) -> tuple[int, tuple[BurnWindow, ...]]:
        if value is None:
            return DEFAULT_MINIMUM_ERRORS, workbook_windows(period)
        fields = self._reader.mapping(value, ("minimumErrors", "windows"))
        minimum = DEFAULT_MINIMUM_ERRORS
        if "minimumErrors" in fields:
            content = fields["minimumErrors"].content
            if isinstance(content, int) and not isinstance(content, bool) and content >= 1:
                minimum = content
            else:
                self._reader.wrong(fields["minimumErrors"], "a whole number of at least 1")
        if "windows" not in fields:
            return minimum, workbook_windows(period)
        given = fields["windows"]
        if not isinstance(given.content, list) or not given.content:
            self._reader.wrong(given, "a list of windows")
            return minimum, ()
        windows = [self._window(item, period) for item in given.content]
        return minimum, tuple(window for window in windows if window is not None)

    def _window(self, value: Value, period: timedelta) -> BurnWindow | None:
        reader = self._reader
        before = len(reader.problems)
        fields = reader.mapping(value, ("severity", "long", "short", "budget", "factor", "for", "undo"))
        severity = reader.text(reader.required(value, fields, "severity", " or ".join(SEVERITIES)))
        if severity and severity not in SEVERITIES:
            reader.wrong(fields["severity"], " or ".join(SEVERITIES))
        long = self._duration(reader.required(value, fields, "long", "a duration"), timedelta(0))
        short = self._duration(reader.required(value, fields, "short", "a duration"), timedelta(0))
        if long and short and not timedelta(0) < short < long:
            reader.wrong(fields["short"], f"less than long ({format_duration(long)})")
        if ("budget" in fields) == ("factor" in fields):
            both = "both" if "budget" in fields else "neither"
            reader.wrong(value, "either budget (a percentage of the window's budget) or factor", both)
        factor = Fraction(0)
        if "factor" in fields:
            factor = self._number(fields["factor"], "a number above 0")
        elif "budget" in fields and long:
            factor = burn_factor(self._percent(fields["budget"]), period, long)
        undo = fields["undo"].content if "undo" in fields else severity == "page"
        if not isinstance(undo, bool):
            reader.wrong(fields["undo"], "true or false")
        hold = self._duration(fields.get("for"), timedelta(0))
        return BurnWindow(severity, long, short, factor, hold, bool(undo)) if len(reader.problems) == before else None

    def _percent(self, value: Value | None) -> Fraction:
        """Above 0 and below 100, as a ratio; 0 where it is wrong."""
        if value is None:
            return Fraction(0)
        number = self._decimal(value.content)
        if number is None or not 0 < number < 100:
            self._reader.wrong(value, "a percentage above 0 and below 100, such as 99.9")
            return Fraction(0)
        return number / 100

    def _number(self, value: Value, expected: str) -> Fraction:
        number = self._decimal(value.content)
        if number is None or number <= 0:
            self._reader.wrong(value, expected)
            return Fraction(0)
        return number

    @staticmethod
    def _decimal(content: Any) -> Fraction | None:
        """The number as it was written: 99.9 is 999/10, not the nearest binary fraction."""
        if isinstance(content, bool) or not isinstance(content, int | float):
            return None
        try:
            return Fraction(Decimal(str(content)))
        except (InvalidOperation, ValueError, OverflowError):
            return None

    def _duration(self, value: Value | None, default: timedelta) -> timedelta:
        if value is None:
            return default
        try:
            return parse_duration(value.content if isinstance(value.content, str) else "")
        except DurationError:
            self._reader.wrong(value, "a duration such as 5m or 30d")
            return default

    def _dns(self, value: Value | None) -> str:
        text = self._reader.text(value, "a DNS name")
        if value is not None and text and not DNS_NAME.fullmatch(text):
            self._reader.wrong(value, "a DNS name (lower case letters, digits, '-' and '.')")
        return text
