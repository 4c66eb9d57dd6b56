"""From a container's spec to what is started: image, file tree, user, environment and command line."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from receiver.cluster.api import JsonObject
from sandbox.node.bubblewrap import Confinement
from sandbox.node.environment import VariableError, container_environment, expand
from sandbox.node.host import Host
from sandbox.node.images import Image, ImageError, ImageNotFoundError, find_image
from sandbox.node.objects import ObjectUnreadableError
from sandbox.node.tree import Mount, TreeError, plan
from sandbox.node.volumes import VolumeError, Volumes

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PULL_FAILED = "ErrImagePull"
CONFIG_FAILED = "CreateContainerConfigError"
CREATE_FAILED = "CreateContainerError"
LOG_TAIL_BYTES = 2048
LOG_TAIL_LINES = 80


class LaunchError(Exception):
    """A container that cannot be started now; `reason` is the kubelet's word for why."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Launch:
    """A container that is ready to start."""

    image: Image
    tree: list[str]
    confinement: Confinement
    command: list[str]
    environment: dict[str, str]


def prepare(host: Host, pod: JsonObject, container: JsonObject, volumes: Volumes) -> Launch:
    """Everything that starting the container takes. `pod` holds its addresses. Raises `LaunchError`."""
    namespace = pod["metadata"]["namespace"]
    try:
        image = find_image(container["image"], host.images)
    except (ImageNotFoundError, ImageError) as error:
        raise LaunchError(PULL_FAILED, str(error)) from error
    try:
        given = container_environment(
            container, pod, host.services, lambda kind, name: host.lookup(namespace, kind, name)
        )
    except (VariableError, ObjectUnreadableError) as error:
        raise LaunchError(CONFIG_FAILED, str(error)) from error
    confined = confinement(pod, container, image)
    environment = {**base_environment(confined.hostname), **image.env, **given}
    line = image.start_line(container.get("command"), container.get("args"))
    if not line:
        raise LaunchError(CREATE_FAILED, f"no command: neither the pod nor {image.folder} names one")
    try:
        mounts = [*image.mounts(), *_hosts_file(host, pod), *volumes.mounts(pod, container, environment)]
        tree = plan(host.exposed, mounts)
    except (TreeError, VolumeError, OSError) as error:
        raise LaunchError(CREATE_FAILED, str(error)) from error
    return Launch(image, tree, confined, [expand(word, environment) for word in line], environment)


def base_environment(hostname: str) -> dict[str, str]:
    """What an image has before anything is added: the running Python's commands come first on the PATH."""
    return {"PATH": f"{sys.prefix}/bin:{SYSTEM_PATH}", "HOSTNAME": hostname, "HOME": "/", "LANG": "C.UTF-8"}


def confinement(pod: JsonObject, container: JsonObject, image: Image) -> Confinement:
    """Who the process is, by the security contexts (the container's wins over the pod's) and the image.

    Raises `LaunchError` where it must not be root, but would be.
    """
    context: Mapping[str, object] = {
        **pod["spec"].get("securityContext", {}),
        **container.get("securityContext", {}),
    }
    uid, gid = int(str(context.get("runAsUser", image.user))), context.get("runAsGroup", context.get("fsGroup"))
    if context.get("runAsNonRoot") and uid == 0:
        raise LaunchError(CONFIG_FAILED, "container has runAsNonRoot and image will run as root")
    return Confinement(
        hostname=pod["spec"].get("hostname") or pod["metadata"]["name"],
        working_dir=container.get("workingDir") or image.working_dir,
        uid=uid,
        gid=int(str(gid)) if gid is not None else (image.user if uid == image.user else 0),
        read_only_root=bool(context.get("readOnlyRootFilesystem")),
    )


def log_tail(log: Path) -> str:
    """The end of a log, for a termination message."""
    try:
        data = log.read_bytes()[-LOG_TAIL_BYTES:]
    except OSError:
        return ""
    return "\n".join(data.decode(errors="replace").splitlines()[-LOG_TAIL_LINES:])


def _hosts_file(host: Host, pod: JsonObject) -> list[Mount]:
    """`/etc/hosts` with the pod's own name, as the kubelet writes it."""
    path = host.volume_folder(pod) / "etc-hosts"
    names = pod["spec"].get("hostname") or pod["metadata"]["name"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"127.0.0.1\tlocalhost\n{pod['status']['podIP']}\t{names}\n", encoding="utf-8")
    return [Mount("/etc/hosts", path)]
