"""Which objects give rules that may be used: each object is rendered once per generation, each text checked once."""

from __future__ import annotations

from collections.abc import Mapping

from sync.blame import Policy
from sync.check import Check
from sync.objects import RuleObject
from sync.rendering import INVALID, Refusal, Rendered, render


class Judge:
    """Remembers what it has judged, as long as it is asked about it."""

    def __init__(self, check: Check, policy: Policy) -> None:
        self._check = check
        self._policy = policy
        self._rendered: dict[tuple[str, int], Rendered | Refusal] = {}
        self._problems: dict[str, str] = {}

    def verdicts(self, objects: Mapping[str, RuleObject], earlier: Mapping[str, str]) -> dict[str, Rendered | Refusal]:
        """What each object gives, by its file's name. `earlier` are files of which `passes` will be asked.

        Raises `PromtoolError`.
        """
        rendered = {name: self._render(one) for name, one in objects.items()}
        fresh = {name: one.text for name, one in rendered.items() if isinstance(one, Rendered)}
        self._look_at(fresh)
        self._look_at(earlier)
        self._rendered = {(one.uid, one.generation): rendered[name] for name, one in objects.items()}
        self._problems = {text: self._problems[text] for text in {*fresh.values(), *earlier.values()}}
        return {
            name: Refusal(INVALID, wrong) if name in fresh and (wrong := self._problems[fresh[name]]) else one
            for name, one in rendered.items()
        }

    def passes(self, text: str) -> bool:
        """Whether a text, of those that were given as `earlier`, can be used."""
        return not self._problems[text]

    def _render(self, one: RuleObject) -> Rendered | Refusal:
        known = self._rendered.get((one.uid, one.generation))
        return render(one, self._policy) if known is None else known

    def _look_at(self, texts: Mapping[str, str]) -> None:
        unknown = {name: text for name, text in texts.items() if text not in self._problems}
        problems = self._check(unknown) if unknown else {}
        self._problems |= {text: problems.get(name, "") for name, text in unknown.items()}
