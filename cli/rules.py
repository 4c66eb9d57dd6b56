"""`metricops rules`: service level objectives become alerting rules."""

from __future__ import annotations

from cli.lazy import lazy_group

COMMANDS = {
    "check": "cli.rules_check:check_command",
    "diff": "cli.rules_diff:diff_command",
    "explain": "cli.rules_explain:explain_command",
    "generate": "cli.rules_generate:generate_command",
    "readiness": "cli.rules_readiness:readiness_command",
    "reconcile": "cli.rules_reconcile:reconcile_command",
    "replay": "cli.rules_replay:replay_command",
    "schema": "cli.rules_schema:schema_command",
    "sync": "cli.rules_sync:sync_command",
    "test": "cli.rules_test:test_command",
}


@lazy_group(COMMANDS, name="rules")
def rules_group() -> None:
    """Make alerting rules from service level objectives."""
