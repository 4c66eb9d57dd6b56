"""The JSON Schemas (2020-12) of the releases API: what is sent is checked by them, what is answered is told by them.

`docs/reference/openapi.json` is made of them (`receiver/web/openapi.py`). Pure. Patterns are ECMA's: `$` is the end.
"""

from __future__ import annotations

from typing import Any

from receiver.decision.phases import Phase
from receiver.decision.values import Mode
from receiver.names import KIND_BY_LABEL
from receiver.workloads.stamp import LINK
from receiver.workloads.stamp import LONGEST_TEXT as LONGEST_LINK

Schema = dict[str, Any]

LONGEST_RULE = 16 * 1024
LONGEST_TEXT = 256
MOST_IMAGES = 64
MOST_ITEMS = 500
DEFAULT_ITEMS = 100
KINDS = tuple(KIND_BY_LABEL.values())

_LINE = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"
_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_REVISION = r"^[A-Za-z0-9][A-Za-z0-9._/+@:-]*$"
_LINK = f"^{LINK.pattern}$"


def ref(name: str) -> Schema:
    """A reference to a named schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Schema, *, required: tuple[str, ...] = (), meaning: str = "", closed: bool = False) -> Schema:
    return {
        "type": "object",
        **({"description": meaning} if meaning else {}),
        "properties": properties,
        **({"required": list(required)} if required else {}),
        **({"additionalProperties": False} if closed else {}),
    }


def _all_of(properties: Schema, meaning: str = "") -> Schema:
    """An object of an answer, which always has all of these."""
    return _object(properties, required=tuple(properties), meaning=meaning)


def _text(meaning: str, **more: Any) -> Schema:
    return {"type": "string", "description": meaning, **more}


def _line(meaning: str) -> Schema:
    return _text(meaning, minLength=1, maxLength=LONGEST_TEXT, pattern=_LINE)


def _list(item: Schema, meaning: str, **more: Any) -> Schema:
    return {"type": "array", "items": item, "description": meaning, **more}


def _or_null(schema: Schema, meaning: str) -> Schema:
    return {"oneOf": [schema, {"type": "null"}], "description": meaning}


def _page(item: str, meaning: str) -> Schema:
    items = _list(ref(item), "At most `limit`; fewer do not mean that there are no more.")
    more = _text("Hand it back as `continue` for the next page; missing on the last one.")
    return _object({"items": items, "continue": more}, required=("items",), meaning=meaning)


TIME: Schema = {"type": "string", "format": "date-time", "description": "RFC 3339."}
NAMESPACE = _text("A namespace: a DNS label.", minLength=1, maxLength=63, pattern=_LABEL)
NAME = _text("A workload's name: a DNS subdomain.", minLength=1, maxLength=253, pattern=_SUBDOMAIN)
KIND = {"enum": list(KINDS), "description": "The kind of the workload."}
MODE = {"enum": [str(mode) for mode in Mode], "description": "What the owner lets MetricOps do."}
PHASE = {"enum": [str(phase) for phase in Phase], "description": "Where a Rollback stands."}
IMAGES = {
    "type": "object",
    "description": "The images of the template's containers, by their names.",
    "additionalProperties": {"type": "string"},
}

STATEMENTS: Schema = {
    "commit": _text(
        "The commit that was built, or the name of a revision in another system.",
        minLength=1,
        maxLength=128,
        pattern=_REVISION,
    ),
    "link": _text(
        "A page about it, such as the pipeline's run: http or https, without a user's name or password.",
        minLength=1,
        maxLength=LONGEST_LINK,
        pattern=_LINK,
    ),
    "changeCause": _line("Why it was released, in one line."),
    "who": _line("Who or what released it, as the caller says, in one line."),
}
"""What a caller may say of a release."""

STAMP = _object(
    {
        "templateHash": _text("Names the pod template: equal for equal templates, whatever their revision."),
        "releasedAt": TIME,
        "rolloutBegan": TIME,
        "images": IMAGES,
        "commit": _text("The commit."),
        "link": _text("A page about it."),
        "repository": _text("Where the commit is."),
        "revision": _text("A branch, a tag or a version."),
        "changeCause": _text("Why."),
        "who": _text("Who or what released it."),
    },
    required=("templateHash",),
    meaning="What was noted of a release when it was made: the annotation metricops.dev/release. Only what is known.",
)
INTERVAL = _all_of({"earliest": TIME, "latest": TIME}, "A moment that is only known to lie between these two.")

COMPONENTS: dict[str, Schema] = {
    "Problem": _all_of(
        {
            "field": _text("Which field, as in `workload.kind` or `images[0]`."),
            "found": _text("What stood there."),
            "expected": _text("What may."),
        },
        "One thing that is wrong with a request.",
    ),
    "Error": _object(
        {
            "error": _text("All of it in words."),
            "problems": _list(ref("Problem"), "All that is wrong, where it is the request's."),
        },
        required=("error",),
        meaning="Why there is no answer.",
    ),
    "WorkloadName": _object({"kind": KIND, "name": NAME}, required=("kind", "name"), closed=True),
    "ReleaseRequest": _object(
        {
            "namespace": NAMESPACE,
            "workload": {**ref("WorkloadName"), "description": "The workload: kind and name."},
            "images": _list(
                _text("As the template names it.", minLength=1, maxLength=512, pattern=_LINE),
                "Images that the live template must have, so that no other release is noted.",
                minItems=1,
                maxItems=MOST_IMAGES,
            ),
            **STATEMENTS,
            "rule": {
                "type": ["string", "null"],
                "description": "The deployer's own rule, as annotation metricops.dev/rule has it; null removes it.",
                "minLength": 1,
                "maxLength": LONGEST_RULE,
            },
            "slo": {
                "type": ["string", "null"],
                "description": "The deployer's own objective, as metricops.dev/slo has it; null removes it.",
                "minLength": 1,
                "maxLength": LONGEST_RULE,
            },
        },
        required=("namespace", "workload"),
        closed=True,
        meaning="A release that was just applied, by whoever applied it.",
    ),
    "NotedRelease": _all_of(
        {
            "namespace": NAMESPACE,
            "workload": ref("WorkloadName"),
            "changed": {"type": "boolean", "description": "Whether this request changed anything."},
            "release": STAMP,
            "rolloutBegan": _or_null(INTERVAL, "When its rollout began; null while the controller has not seen it."),
            "warnings": _list(_text("One."), "What whoever deploys ought to know."),
        },
        "What is now noted on the workload.",
    ),
    "Release": _all_of(
        {
            "namespace": NAMESPACE,
            "workload": ref("WorkloadName"),
            "revision": {
                "type": "integer",
                "description": "Its number now: one that is taken up again gets a new one.",
            },
            "revisions": _list({"type": "integer"}, "All numbers that it has had, ascending."),
            "templateHash": _text("Names the pod template."),
            "images": IMAGES,
            "current": {"type": "boolean", "description": "Whether it is what the workload is to run."},
            "rolloutBegan": _or_null(
                INTERVAL, "Of the current release, when its rollout began; of an earlier one, when it first did."
            ),
            "neverCompleted": {"type": "boolean", "description": "Its rollout was replaced before it was complete."},
            "release": _or_null(STAMP, "What was noted when it was made; null where nothing was."),
            "rollbacks": _list(ref("RollbackSummary"), "The Rollbacks that blame it."),
        },
        "A revision of an opted-in workload: what ran when.",
    ),
    "RollbackSummary": _all_of(
        {"name": _text("Its name."), "phase": PHASE, "reason": _text("The word for why it is in its phase.")}
    ),
    "Workload": _all_of(
        {
            "namespace": NAMESPACE,
            "workload": ref("WorkloadName"),
            "mode": MODE,
            "modeFrom": _text("Which object's label says so."),
            "problem": _text("What is wrong with its policy, which then counts as disabled; else empty."),
            "templateHash": _text("Names the pod template."),
            "images": IMAGES,
            "rolloutComplete": {"type": "boolean", "description": "Whether the template is rolled out everywhere."},
            "release": _or_null(STAMP, "What was noted of its current release; null where nothing was."),
            "restored": _or_null(
                _all_of({"rollback": _text("Which Rollback did it."), "at": TIME}),
                "It runs what an undo brought back, not what was released last; null otherwise.",
            ),
            "rollbacks": _list(ref("RollbackSummary"), "Its Rollbacks, the newest first, at most ten."),
        },
        "A workload that has opted in.",
    ),
    "Rollback": _object(
        {
            "apiVersion": _text("Of the custom resource."),
            "kind": {"const": "Rollback"},
            "metadata": _object(
                {
                    "name": _text("Its name."),
                    "namespace": NAMESPACE,
                    "uid": _text("Its uid."),
                    "creationTimestamp": TIME,
                },
                required=("name", "namespace", "uid", "creationTimestamp"),
            ),
            "spec": {"type": "object", "description": "What was decided and why, without the target's template."},
            "status": {"type": "object", "description": "What became of it; empty at first."},
        },
        required=("apiVersion", "kind", "metadata", "spec", "status"),
        meaning="The record as the cluster has it (manifests/base/crd.yaml), without the target's template.",
    ),
    "ReleasePage": _page("Release", "Releases by workload; of one workload the newest first."),
    "RollbackPage": _page("Rollback", "Rollbacks, the newest first."),
    "WorkloadPage": _page("Workload", "Workloads that have opted in."),
}

FILTERS: dict[str, tuple[Schema, str]] = {
    "namespace": (NAMESPACE, "Only in this namespace."),
    "kind": (KIND, "Only workloads of this kind."),
    "name": (NAME, "Only the workload of this name."),
    "mode": (MODE, "Only where this mode holds."),
    "phase": (PHASE, "Only Rollbacks in this phase."),
    "since": (TIME, "Not before this moment."),
    "until": (TIME, "Before this moment."),
    "limit": (
        {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": DEFAULT_ITEMS},
        "Most items of a page.",
    ),
    "continue": (
        {"type": "string", "minLength": 1, "maxLength": 2048},
        "What the page before said, with the same filters.",
    ),
}
"""Query parameters: their schemas and what they mean."""
QUERIES: dict[str, tuple[str, ...]] = {
    "releases": ("namespace", "kind", "name", "mode", "since", "until", "limit", "continue"),
    "rollbacks": ("namespace", "kind", "name", "mode", "phase", "since", "until", "limit", "continue"),
    "workloads": ("namespace", "kind", "name", "mode", "limit", "continue"),
}
"""Which of them each list takes."""


def query_schema(listed: str) -> Schema:
    """The query of a list as one object."""
    return _object({name: FILTERS[name][0] for name in QUERIES[listed]}, closed=True)
