"""`metricops rollbacks approve` and `reject`: a person's word on a record that waits for it."""

from __future__ import annotations

import click

from cli.connection import who_am_i
from cli.records import Records, phase_of, with_record
from cli.story import headline
from receiver.cluster.api import JsonObject
from receiver.decision.phases import Phase

WILL = {
    "approve": "It is judged once more and then undone, unless the alert has ended or somebody has deployed meanwhile.",
    "reject": "It ends as Rejected: this revision is not undone any more, whatever alerts say.",
}


@click.command(name="approve")
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@with_record
def approve(records: Records, name: str, yes: bool) -> None:
    """Let the undo that Rollback NAME waits with happen."""
    _say_it("approve", records, name, yes=yes)


@click.command(name="reject")
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@with_record
def reject(records: Records, name: str, yes: bool) -> None:
    """Forbid the undo that Rollback NAME waits with."""
    _say_it("reject", records, name, yes=yes)


def _say_it(decision: str, records: Records, name: str, *, yes: bool) -> None:
    seen = records.get(name)
    _check_waits(seen)
    click.echo(headline(seen))
    click.echo(WILL[decision])
    if not yes:
        click.confirm(f"{decision.capitalize()} it?", abort=True)
    by, attempt = who_am_i(records.api), _attempt(seen)

    def word(item: JsonObject) -> JsonObject:
        _check_waits(item)
        if _attempt(item) != attempt:
            raise click.ClickException(f"{name} was claimed again meanwhile: look at it, and say it again")
        return {
            "approval": {
                "decision": decision,
                "by": by,
                "blamedHash": item["spec"]["blamed"]["templateHash"],
                "targetHash": item["spec"]["target"]["templateHash"],
                "attempt": attempt,
            }
        }

    records.write(name, word, f"{decision} Rollback {name}")
    click.echo(f"{decision}: said by {by}. Follow it with: metricops rollbacks show {name} -n {records.namespace}")


def _check_waits(item: JsonObject) -> None:
    phase = phase_of(item)
    if phase != Phase.AWAITING_APPROVAL:
        name = item["metadata"]["name"]
        raise click.ClickException(f"{name} is {phase}, not {Phase.AWAITING_APPROVAL}: it waits for nobody's word")


def _attempt(item: JsonObject) -> int:
    return int((item.get("status") or {}).get("attempt") or 1)
