"""Which templates are condemned: blamed, undone, and not forgiven since."""

from __future__ import annotations

from receiver.decision.values import PastRollback, World


def blame_stands(past: PastRollback) -> bool:
    """Whether the release was undone, and nobody has cleared its template, or taken the undo back, since."""
    if past.undone_at is None:
        return False
    return past.cleared_at is None or past.cleared_at < past.undone_at


def condemned_by(world: World, template_hash: str) -> PastRollback | None:
    """The record that condemns a template now; None where there is none. A condemnation ends by itself."""
    since = world.now - world.defaults.condemnation
    for past in world.rollbacks:
        if past.undone_at and past.undone_at >= since and past.blamed_hash == template_hash and blame_stands(past):
            return past
    return None
