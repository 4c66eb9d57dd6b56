"""Names that may be given once: two objects of one name, or two objectives that write the same series, are refused."""

from __future__ import annotations

from rules.fields import Field
from rules.specification import Specification


class UniqueNames:
    """The names given so far, each with its place."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, ...], Field] = {}

    def claim(self, field: Field, specification: Specification) -> None:
        """Note a problem where the specification's object or its series are another's already."""
        name, namespace = specification.name, specification.namespace
        where = f" in namespace {namespace}" if namespace else ""
        if self._claim(field, ("object", namespace, name), name, where):
            self._claim(field, ("series", str(specification.subject), name), name, " in all namespaces")

    def _claim(self, field: Field, key: tuple[str, ...], name: str, where: str) -> bool:
        first = self._places.setdefault(key, field)
        if first is not field:
            field.refuse(f"a name of its own{where}", f"{name!r}, as in {first.file}:{first.line}")
        return first is field
