"""One pass: from the objects as they are to rules in force, and what became of each object."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from receiver.logs import log
from sync import outcome
from sync.blame import Policy
from sync.check import Check
from sync.files import file_name, kind_of_file, origin_of
from sync.folder import RuleFolder
from sync.installing import Installed, Installer
from sync.judging import Judge
from sync.objects import RuleObject
from sync.outcome import Outcome, State, rejection
from sync.prometheus import Prometheus
from sync.rendering import Refusal, Rendered


@dataclass(frozen=True, slots=True)
class Pass:
    """What became of each object; a `problem` is what kept Prometheus from having all of it: try again."""

    outcomes: tuple[tuple[RuleObject, Outcome], ...]
    problem: str | None = None


class Synchronizer:
    """Brings one folder and one Prometheus to what objects say, whatever was there before."""

    def __init__(self, folder: RuleFolder, check: Check, prometheus: Prometheus | None, policy: Policy) -> None:
        self._folder = folder
        self._judge = Judge(check, policy)
        self._installer = Installer(folder, prometheus)
        self._has_prometheus = prometheus is not None
        self._refused: dict[str, str] = {}

    def run(self, objects: Sequence[RuleObject], known: Collection[str]) -> Pass:
        """Bring everything in line. `known` are the short kinds whose objects are all among `objects`.

        Raises `OSError` where the folder can't be used, `PromtoolError` where promtool can't.
        """
        by_file = {file_name(one): one for one in objects}
        taken = self._folder.taken()
        self._tell_of_drift(taken)
        verdicts = self._judge.verdicts(by_file, taken)
        fresh = {name: one for name, one in verdicts.items() if isinstance(one, Rendered)}
        base = {name: text for name, text in taken.items() if self._may_stay(name, text, by_file, known)}
        usable = {name: one.text for name, one in fresh.items() if one.text not in self._refused}
        with_rules = {name for name in usable if fresh[name].has_rules}
        installed = self._installer.install(base, {**base, **usable}, with_rules, known)
        for name, message in installed.refused.items():
            self._refused[usable[name]] = message
        texts = {one.text for one in fresh.values()}
        self._refused = {text: message for text, message in self._refused.items() if text in texts}
        in_force = self._folder.taken()
        outcomes = [
            (one, self._outcome(one, verdicts[name], in_force.get(name, ""), name in installed.unread, installed))
            for name, one in by_file.items()
        ]
        return Pass(tuple(outcomes), installed.problem)

    def _tell_of_drift(self, taken: Mapping[str, str]) -> None:
        present = self._folder.present()
        for name in sorted({*present, *taken}):
            if present.get(name) != taken.get(name):
                log("a rule file is not as it was left", level=logging.WARNING, file=name)

    def _may_stay(self, name: str, text: str, by_file: Mapping[str, RuleObject], known: Collection[str]) -> bool:
        """Whether what Prometheus took earlier is still to be had where there is nothing better."""
        if kind_of_file(name) not in known:
            return True
        origin = origin_of(text)
        return origin is not None and name in by_file and by_file[name].uid == origin.uid and self._judge.passes(text)

    def _outcome(
        self, one: RuleObject, verdict: Rendered | Refusal, in_force: str, is_unread: bool, installed: Installed
    ) -> Outcome:
        if isinstance(verdict, Rendered) and verdict.text in self._refused:
            verdict = Refusal(
                outcome.REFUSED, f"Prometheus refuses it, its log says why: {self._refused[verdict.text]}"
            )
        if isinstance(verdict, Refusal):
            origin = origin_of(in_force)
            kept = one.rules_of(origin.generation) if origin is not None and origin.uid == one.uid else None
            return rejection(verdict.reason, verdict.message, kept)
        problem = installed.problem or ""
        if in_force != verdict.text:
            return Outcome(State.UNKNOWN, outcome.NOT_TAKEN, problem)
        if is_unread:
            return Outcome(State.NO, outcome.NOT_READ, problem)
        notices = "".join(f"; {notice}" for notice in verdict.notices)
        if not self._has_prometheus:
            return Outcome(
                State.UNKNOWN, outcome.WRITTEN, f"the rule file is written; no Prometheus was asked{notices}"
            )
        return Outcome(State.YES, outcome.LOADED, f"{one.rules_of(one.generation)} are in force{notices}")
