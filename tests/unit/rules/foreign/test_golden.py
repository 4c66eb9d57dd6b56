"""What is generated of other tools' specifications, byte by byte: those from the field, and our own of each format.

To accept a change, read it, then run `python -m tests.unit.rules.foreign.test_golden`.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from rules.foreign.context import DEFAULTS, Settings
from rules.generate import generate
from rules.parse import parse
from rules.problems import SpecificationError
from rules.render import render_prometheus_rules, render_rule_file
from tests.unit.rules.foreign.examples import CATALOGUE, FIELD, GOLDEN, SPECS, field_examples, settings_for_a_week

FROM_THE_FIELD = field_examples()
OURS = sorted(SPECS.iterdir())
SETTINGS = {"sloth-objects": Settings(period=timedelta(days=14))}

needs_the_field = pytest.mark.skipif(not FIELD.is_dir(), reason="no examples from the field beside the project")


def rendered(file: Path, name: str, settings: Settings) -> dict[str, str]:
    found = parse(file.read_bytes(), file.name, settings)
    notes = "".join(f"# {specification.name}: {note}\n" for specification in found for note in specification.notes)
    sets = [generate(specification) for specification in found]
    # The objects are the same rules in other clothes: one example of them is enough.
    objects = {f"{name}.prometheusrule.yaml": render_prometheus_rules(sets)} if name == "sloth-objects" else {}
    return {f"{name}.rules.yaml": notes + render_rule_file(sets), **objects}


def of_the_field(file: Path) -> dict[str, str]:
    return rendered(file, f"field-{file.parent.name}-{file.stem}", DEFAULTS)


def for_a_week() -> dict[str, str]:
    return rendered(FIELD / "sloth/getting-started.yml", "field-sloth-7d", settings_for_a_week())


def of_ours(file: Path) -> dict[str, str]:
    return rendered(file, file.stem, SETTINGS.get(file.stem, DEFAULTS))


def check(files: dict[str, str]) -> None:
    for name, text in files.items():
        assert (GOLDEN / name).read_text() == text, name


@needs_the_field
@pytest.mark.parametrize("file", FROM_THE_FIELD, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_of_the_field(file: Path) -> None:
    check(of_the_field(file))


@needs_the_field
def test_a_catalogue_of_the_field() -> None:
    check(for_a_week())
    assert parse((FIELD / "sloth" / CATALOGUE).read_bytes(), CATALOGUE) == ()


@needs_the_field
@pytest.mark.parametrize("file", sorted(FIELD.glob("sloth-invalid/*")), ids=lambda file: str(file.stem))
def test_invalid_ones_of_the_field_are_refused_by_line_and_field(file: Path) -> None:
    expected = {
        "bad-aa": "28: slos[1].objective: found '101' (a number), expected a percentage above 0 and below 100",
        "bad-k8s": "7: spec.service: found an empty text, expected a text",
        "bad-multi": "77: slos[1].sli: found none of them, expected exactly one of events and raw",
    }[file.stem]
    with pytest.raises(SpecificationError) as caught:
        parse(file.read_bytes(), file.name)
    assert any(str(problem).startswith(f"{file.name}:{expected}") for problem in caught.value.problems)


@needs_the_field
@pytest.mark.parametrize("file", sorted(FIELD.glob("openslo/*")), ids=lambda file: str(file.stem))
def test_openslo_of_the_field_is_refused_by_the_name_of_its_source(file: Path) -> None:
    with pytest.raises(SpecificationError) as caught:
        parse(file.read_bytes(), file.name)
    types = [problem for problem in caught.value.problems if problem.field.endswith("metricSource.type")]
    assert {problem.found for problem in types} == {"'Any'"}
    calendars = [problem for problem in caught.value.problems if problem.field == "spec.timeWindow[0]"]
    assert len(calendars) == (1 if file.stem == "timeslices-slo" else 0)


@pytest.mark.parametrize("file", OURS, ids=lambda file: str(file.stem))
def test_of_ours(file: Path) -> None:
    check(of_ours(file))


@needs_the_field
def test_no_golden_is_left_over() -> None:
    made = {name for file in FROM_THE_FIELD for name in of_the_field(file)} | set(for_a_week())
    made |= {name for file in OURS for name in of_ours(file)}
    assert {file.name for file in GOLDEN.iterdir()} == made


if __name__ == "__main__":
    for files in (*map(of_the_field, FROM_THE_FIELD), for_a_week(), *map(of_ours, OURS)):
        for file_name, content in files.items():
            (GOLDEN / file_name).write_text(content)
