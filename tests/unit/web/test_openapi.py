from __future__ import annotations

from openapi_spec_validator import OpenAPIV31SpecValidator

from receiver.releases.schemas import COMPONENTS
from receiver.web.openapi import document


def test_the_document_is_valid() -> None:
    assert list(OpenAPIV31SpecValidator(document()).iter_errors()) == []


def test_no_schema_is_left_over() -> None:
    text = str(document())
    assert [name for name in COMPONENTS if f"'#/components/schemas/{name}'" not in text] == []
