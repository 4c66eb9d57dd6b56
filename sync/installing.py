"""Files into the folder and into force: Prometheus takes all of them at once, or refuses them all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from receiver.logs import log
from sync.files import changes
from sync.folder import RuleFolder
from sync.prometheus import Prometheus, Reload

Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Installed:
    """What did not come into force: files that Prometheus refuses, with its words; files that it does not read.

    `problem` is what kept it from taking anything, or what is wrong with more than single files; then try again.
    """

    refused: Texts = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    problem: str | None = None


class _NoAnswerError(Exception):
    """Prometheus stopped to answer while it was searched which file it refuses."""


class Installer:
    """One folder and its Prometheus; with None what is written counts as taken.

    What Prometheus took last is kept on disk, so that a restart knows it. Between a file and Prometheus' word on it
    there is one reload: a file that it has not taken does not stay in the folder, because with a bad one it would not
    start again.
    """

    def __init__(self, folder: RuleFolder, prometheus: Prometheus | None) -> None:
        self._folder = folder
        self._prometheus = prometheus
        self._owes_reload = True  # Whoever ran before may have been ended between a file and its reload.

    def install(self, base: Texts, wanted: Texts, with_rules: Collection[str], known: Collection[str]) -> Installed:
        """Make the folder `wanted`, or as near to it as Prometheus lets: what it refuses is as in `base`.

        `with_rules` are files that Prometheus has to show afterwards; of kinds not `known` nothing is removed.
        Raises `OSError`.
        """
        prometheus = self._prometheus
        if prometheus is None:
            self._put(wanted, known)
            self._keep(wanted, known)
            return Installed()
        if not_ready := prometheus.not_ready():
            self._put(base, known)
            return Installed(problem=not_ready)
        self._put(wanted, known)
        if not self._owes_reload:
            return Installed()
        answer = prometheus.reload()
        if answer.reload is Reload.TAKEN:
            return self._take(prometheus, wanted, with_rules, known)
        self._put(base, known)
        new = {name: text for name, text in wanted.items() if base.get(name) != text}
        if answer.reload is Reload.NO_ANSWER or not new:
            return Installed(problem=answer.message)
        without = prometheus.reload()
        if without.reload is not Reload.TAKEN:
            return Installed(problem=f"not for these rules, as without the new ones it is the same: {without.message}")
        try:
            accepted, refused = self._halves(prometheus, base, new, known, answer.message)
            self._put({**base, **accepted}, known)
            answer = prometheus.reload()
        except _NoAnswerError as error:
            self._put(base, known)
            return Installed(problem=str(error))
        if answer.reload is not Reload.TAKEN:
            self._put(base, known)
            return Installed(refused, problem=answer.message)
        shown = self._take(prometheus, {**base, **accepted}, with_rules, known)
        return Installed(refused, shown.unread, shown.problem)

    def _halves(
        self, prometheus: Prometheus, base: Texts, refused: Texts, known: Collection[str], message: str
    ) -> tuple[Texts, Texts]:
        """Of files that are refused together: those that are taken, and those that are not, with Prometheus' words."""
        names = sorted(refused)
        if len(names) == 1:
            return {}, {names[0]: message}
        accepted: dict[str, str] = {}
        bad: dict[str, str] = {}
        middle = len(names) // 2
        for half in (names[:middle], names[middle:]):
            texts = {name: refused[name] for name in half}
            self._put({**base, **accepted, **texts}, known)
            answer = prometheus.reload()
            if answer.reload is Reload.NO_ANSWER:
                raise _NoAnswerError(answer.message)
            good: Texts = texts
            if answer.reload is Reload.REFUSED:
                good, worse = self._halves(prometheus, {**base, **accepted}, texts, known, answer.message)
                bad |= worse
            accepted |= good
        return accepted, bad

    def _take(
        self, prometheus: Prometheus, texts: Texts, with_rules: Collection[str], known: Collection[str]
    ) -> Installed:
        self._keep(texts, known)
        shown = prometheus.files()
        unread = frozenset() if shown is None else frozenset(with_rules) & texts.keys() - shown
        self._owes_reload = bool(unread)
        if not unread:
            return Installed()
        problem = f"{prometheus.url} reads {len(unread)} of the files not: rule_files has to name the folder's *.yml"
        return Installed(unread=unread, problem=problem)

    def _keep(self, texts: Texts, known: Collection[str]) -> None:
        """Remember what is in force now."""
        news = changes(self._folder.taken(), texts, known)
        for name in news.removals:
            log("rules removed", file=name)
        self._folder.apply_taken(news)

    def _put(self, texts: Texts, known: Collection[str]) -> None:
        needed = changes(self._folder.present(), texts, known)
        if needed:
            self._owes_reload = True
            self._folder.apply(needed)
