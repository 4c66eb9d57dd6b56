"""How much a deployer may ask of a Prometheus that all namespaces share.

Measured with Prometheus 2.53, over 200 series scraped every 15 s: docs/decisions/0025-deployers-rule.md.
"""

from __future__ import annotations

from datetime import timedelta

MOST_BYTES = 16 * 1024
"""Of one annotation: all annotations of an object together have 256 KiB, which client-side apply doubles."""
MOST_RULES = 10
"""Of one workload: each is evaluated as often as the platform's own rules."""
LONGEST_EXPRESSION = 2048
"""Characters: rules that people write by hand have a tenth of that."""
MOST_SELECTORS = 16
"""Of one expression: each is a look-up in the index, and a read of all that it finds."""
LONGEST_RANGE = timedelta(days=1)
"""Samples are read from memory for about two hours, and from disk before that; a day is there for comparison."""
LONGEST_OFFSET = timedelta(days=7)
"""As far back as last week at this time."""
MOST_STEPS = 500
"""Evaluations that one subquery means, with those of the subqueries around it: 500 is a day, every three minutes."""
MOST_READ = 2
"""Times the longest range: what all selectors of an expression read together, each as often as the subqueries around
it mean. Sixteen selectors over a day took two seconds."""
ONE_SAMPLE = timedelta(minutes=1)
"""What a selector without a range counts for: the longest usual scrape interval."""
LONGEST_HOLD = timedelta(hours=1)
"""By then the receiver blames no rollout any more (its attribution window)."""
MOST_MINIMUM_EVENTS = 1_000_000
LONGEST_PERIOD = timedelta(days=92)
"""Of an objective: a quarter."""
LONGEST_WINDOW = timedelta(days=3)
"""Of an objective's burn rates: the longest of the Site Reliability Workbook."""
MOST_WINDOWS = 8
"""Twice the workbook's."""
