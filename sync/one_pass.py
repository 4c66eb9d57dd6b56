"""One pass: the objects of the moment into Prometheus, and told to their owners."""

from __future__ import annotations

from receiver.cluster.api import ApiError
from sync.check import PromtoolError
from sync.reports import Reporter
from sync.synchronizer import Synchronizer
from sync.watches import Watches


def one_pass(watches: Watches, synchronizer: Synchronizer, reporter: Reporter) -> str | None:
    """Bring everything in line. Returns what keeps things from being so."""
    try:
        watches.start()
        objects, known = watches.objects()
        if not known:
            return None  # The first list, or the first CRD, wakes us.
        done = synchronizer.run(objects, known)
        reporter.report(done.outcomes)
    except (ApiError, OSError, PromtoolError) as error:
        return str(error)
    return done.problem
