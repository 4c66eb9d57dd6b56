"""Pods of a release: each has an error ratio of its own (beta), and fails that share of its requests (binomial)."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from receiver.decision.alike import PodEvents, are_alike


@dataclass(frozen=True, slots=True)
class Scene:
    """Two releases side by side.

    `events` per pod (median), `ratio` of the old release, `correlation` of two requests of one pod (0: pods are equal),
    `uneven`: the sigma of the lognormal share that a pod gets of the traffic.
    """

    old_pods: int
    new_pods: int
    events: int
    ratio: float
    correlation: float
    uneven: float


SCENES = tuple(
    Scene(*pods, events, ratio, correlation, uneven)
    for pods in ((2, 2), (3, 2), (2, 5), (8, 2), (5, 5), (20, 4))
    for events in (20, 100, 1000)
    for ratio in (0.02, 0.1, 0.4)
    for correlation in (0.0, 0.02, 0.1)
    for uneven in (0.0, 0.5, 1.0)
    if events * ratio * pods[0] >= 5
)


def drawn(rng: random.Random, scene: Scene, pods: int, ratio: float) -> list[PodEvents]:
    """The pods of one side."""
    return [_pod(rng, scene, ratio) for _ in range(pods)]


def _pod(rng: random.Random, scene: Scene, ratio: float) -> PodEvents:
    events = max(1, round(scene.events * math.exp(rng.gauss(0, scene.uneven)))) if scene.uneven else scene.events
    if scene.correlation:
        strength = (1 - scene.correlation) / scene.correlation
        ratio = rng.betavariate(ratio * strength, (1 - ratio) * strength)
    return PodEvents(binomial(rng, events, ratio), events)


def binomial(rng: random.Random, trials: int, probability: float) -> int:
    """A binomial number; halves many trials by the order statistic in their middle, which is a beta."""
    found = 0
    while trials > 16:
        middle = trials // 2 + 1
        cut = rng.betavariate(middle, trials + 1 - middle)
        if cut <= probability:
            found += middle
            trials -= middle
            probability = (probability - cut) / (1 - cut)
        else:
            trials = middle - 1
            probability /= cut
    return found + sum(rng.random() < probability for _ in range(trials))


def times_alike(rng: random.Random, scene: Scene, *, times_as_bad: float, rounds: int) -> int:
    """How often the comparison says alike, of `rounds` drawn pairs."""
    said = 0
    for _ in range(rounds):
        old = drawn(rng, scene, scene.old_pods, scene.ratio)
        new = drawn(rng, scene, scene.new_pods, min(1.0, scene.ratio * times_as_bad))
        said += are_alike(old, new) is True
    return said
