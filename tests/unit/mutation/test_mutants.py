from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutation.checkout import CHECKOUT, with_plain_getters
from tests.mutation.equivalent import Equivalent, read_equivalents, sort_out
from tests.mutation.mutants import Mutant, read_diff

DIFF = """\
# receiver.decision.target.x_possible_targets__mutmut_14: survived
--- receiver/decision/target.py
+++ receiver/decision/target.py
@@ -1,3 +1,3 @@
 def possible_targets(workload: Workload, world: World) -> list[Revision]:
-    current = workload.current
+    current = None
     if current is None:
"""


def mutant(before: str, after: str) -> Mutant:
    return Mutant("receiver/decision/target.py", "possible_targets", before, after, 1)


def test_a_diff_is_read() -> None:
    found = read_diff(DIFF, "receiver.decision.target.x_possible_targets__mutmut_14")
    assert (found.file, found.function) == ("receiver/decision/target.py", "possible_targets")
    assert (found.before, found.after) == ("current = workload.current", "current = None")
    lines = (CHECKOUT / found.file).read_text().splitlines()
    assert lines[found.line - 1].strip() == "current = workload.current"


def test_a_method_and_a_getter_are_named_as_in_the_source() -> None:
    name = "receiver.decision.target.xǁCaseǁget_onset__mutmut_2"
    assert read_diff(DIFF, name).function == "Case.onset"


@pytest.mark.parametrize(
    ("before", "after", "wording"),
    [
        ('say("two words")', 'say("XXtwo wordsXX")', True),
        ('say("two words")', 'say("TWO WORDS")', True),
        ('say("the SLI is bad")', 'say("the sli is bad")', True),
        ('say("two words", "quietSince")', 'say("two words", "quietsince")', False),
        ('say("two words")', "say(None)", False),
        ('say("word")', 'say("XXwordXX")', False),
        ('say("word")', 'say("WORD")', False),
        ('say("a b", x)', 'say("XXa bXX", y)', False),
        ("x < 1", "x <= 1", False),
    ],
)
def test_only_a_text_of_several_words_is_wording(before: str, after: str, wording: bool) -> None:
    assert mutant(before, after).is_wording is wording


def test_survivors_are_sorted_out() -> None:
    known, unknown = mutant("a < b", "a <= b"), mutant("a < b", "a > b")
    entry = Equivalent(known.file, known.function, " a < b\n", "a <= b", "never equal")
    stale = Equivalent(known.file, "another", "a < b", "a <= b", "never equal")
    assert sort_out([known, unknown], [entry, stale]) == ([unknown], [known], [stale])


def test_the_list_gives_reasons() -> None:
    assert all(entry.reason and Path(CHECKOUT / entry.file).is_file() for entry in read_equivalents())


def test_properties_become_methods() -> None:
    source = """\
class Case:
    @property
    def onset(self) -> int:
        return 1

    @staticmethod
    def other() -> int:
        return 2
"""
    assert (
        with_plain_getters(source)
        == """\
class Case:
    def get_onset(self) -> int:
        return 1
    onset = property(get_onset)

    @staticmethod
    def other() -> int:
        return 2
"""
    )
