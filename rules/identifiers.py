"""How Kubernetes spells the names of objects and the values of labels, and Prometheus the names of labels."""

from __future__ import annotations

import re

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
A_DNS_LABEL = "lower-case letters, digits and hyphens, at most 63"
DNS_SUBDOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
A_LABEL_VALUE = "letters, digits, hyphens, dots and underscores, at most 63"
_NO_LABEL = "[wW][iI][tT][hH][oO][uU][tT]|[iI][nN][fF]|[nN][aA][nN]"
"""Words that PromQL reads as something else in a list of labels, as in `sum by (without)`; other keywords may stand."""
LABEL_NAME = re.compile(rf"(?!__)(?!({_NO_LABEL})$)[a-zA-Z_][a-zA-Z0-9_]{{0,127}}")
A_LABEL_NAME = "a label's name: letters, digits and underscores, none of without, inf and nan"
