"""The API client with what only a node needs."""

from __future__ import annotations

from receiver.cluster.api import Api, ApiError, JsonObject, object_path

MANAGER = "standin-node"


class NodeApi(Api):
    """The API server as a node uses it."""

    def remove_pod(self, pod: JsonObject) -> None:
        """Tell that a pod's containers have ended, so that the object goes; only this very pod, by its UID.

        Raises `ApiError` except where the pod is gone already.
        """
        metadata = pod["metadata"]
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "gracePeriodSeconds": 0,
            "preconditions": {"uid": metadata["uid"]},
        }
        try:
            self._json("DELETE", pod_path(pod), {}, options)
        except ApiError as error:
            if error.status not in (404, 409):
                raise

    def report(self, pod: JsonObject, status: JsonObject) -> JsonObject:
        """Write a pod's status, with the conditions as given. Raises `ApiError`, 404 or 409 where the pod is gone."""
        body = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": status}
        return self.merge_patch(pod_path(pod, "status"), body, fieldManager=MANAGER)


def pod_path(pod: JsonObject, subresource: str | None = None) -> str:
    """The URL path of a pod."""
    metadata = pod["metadata"]
    return object_path("v1", "pods", metadata["namespace"], metadata["name"], subresource)
