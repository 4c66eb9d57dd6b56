"""The formats that objectives are read from, by what their documents call themselves."""

from __future__ import annotations

from collections.abc import Callable

from rules.fields import Field
from rules.foreign import catalogue, pyrra, sloth
from rules.foreign.context import Context, Placed
from rules.foreign.openslo import objects, slo
from rules.names import API_VERSION, KIND
from rules.objective import read_objective

Reader = Callable[[Field, Context], Placed]
"""Reads a document: its specifications, each with the field that names it."""


def read_ours(document: Field, _context: Context) -> Placed:
    """A document of our own format, which refers to nothing."""
    return read_objective(document)


READERS: dict[str, dict[str, Reader]] = {
    API_VERSION: {KIND: read_ours},
    sloth.PLAIN_VERSION: {"": sloth.read_plain},
    sloth.OBJECT_VERSION: {sloth.OBJECT_KIND: sloth.read_object},
    objects.API_VERSION: {slo.KIND: slo.read_slo},
    pyrra.API_VERSION: {pyrra.KIND: pyrra.read_pyrra},
}
"""Documents with objectives: by `apiVersion` (`version` where a format has that), then by `kind` (one has none)."""

SHARED: dict[str, dict[str, Callable[[Field, Context], None]]] = {
    catalogue.API_VERSION: {catalogue.KIND: catalogue.read_catalogue},
    objects.API_VERSION: dict.fromkeys(objects.REFERRED_KINDS, objects.keep_object),
}
"""Documents that others use, wherever they stand: they are read first."""


def read_shared(document: Field, context: Context) -> None:
    """Keep what the document says for others, if it is of that sort."""
    read = SHARED.get(document.word("apiVersion"), {}).get(document.word("kind"))
    if read is not None:
        read(document, context)


def read_objectives(document: Field, context: Context) -> Placed:
    """The specifications of a document; one of no known format is read as ours, which says what is wrong with it."""
    said = next((name for name in ("apiVersion", "version") if document.word(name)), "apiVersion")
    version = document.word(said)
    if version not in READERS:
        known = [one for one in READERS if one != API_VERSION and one.split("/")[0] == version.split("/")[0]]
        if known:
            document.place_of(said).refuse(f"one of {', '.join(known)}")
            return []
        version = API_VERSION
    if version == API_VERSION:
        return read_ours(document, context)
    kind = document.word("kind")
    kinds = {**READERS[version], **SHARED.get(version, {})}
    if kind not in kinds and "" not in kinds:
        document.place_of("kind").refuse(f"one of {', '.join(kinds)}", repr(kind) if kind else "nothing")
        return []
    reader = READERS[version].get(kind) or READERS[version].get("")
    return reader(document, context) if reader else []
