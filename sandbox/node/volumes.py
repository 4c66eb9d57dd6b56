"""A pod's volumes as folders on the host: ConfigMaps, Secrets, tokens, fields of the pod, and empty ones."""

from __future__ import annotations

import shutil
from pathlib import Path

from receiver.cluster.api import ApiError, JsonObject
from sandbox.node.atomic import Content, write_folder
from sandbox.node.environment import VariableError, expand, field_value
from sandbox.node.objects import Objects, ObjectUnreadableError
from sandbox.node.tokens import Tokens
from sandbox.node.tree import Mount

FRESH_SECONDS = 1.0
"""A change of a ConfigMap or Secret is looked for this often, and so is in the container within twice the time."""
ROOT_CA = "kube-root-ca.crt"
ROOT_CA_FRESH_SECONDS = 300.0
"""Every pod mounts this ConfigMap and it practically never changes: not worth a request per second and pod."""
DEFAULT_TOKEN_SECONDS = 3600


class VolumeError(Exception):
    """A volume that cannot be made, or not yet."""


class Volumes:
    """One pod's volumes below one folder."""

    def __init__(self, folder: Path, objects: Objects, tokens: Tokens) -> None:
        self._folder = folder
        self._objects = objects
        self._tokens = tokens
        self._written: dict[str, dict[str, Content]] = {}

    def update(self, pod: JsonObject) -> None:
        """Make every volume, or bring it up to date. Raises `VolumeError` naming the first that cannot be."""
        for volume in pod["spec"].get("volumes", []):
            name = volume["name"]
            if "emptyDir" in volume:
                self._make_empty(self._folder / name)
                continue
            try:
                files = self._files(volume, pod)
                if self._written.get(name) != files:
                    write_folder(self._folder / name, files)
                    self._written[name] = files
            except (ApiError, ObjectUnreadableError, VariableError, ValueError) as error:
                raise VolumeError(f'MountVolume.SetUp failed for volume "{name}": {error}') from error

    def changes(self, pod: JsonObject) -> bool:
        """Whether the pod has a volume whose files can change while it runs (tokens always do)."""
        return any("emptyDir" not in volume for volume in pod["spec"].get("volumes", []))

    def mounts(self, pod: JsonObject, container: JsonObject, environment: dict[str, str]) -> list[Mount]:
        """Where the container sees its volumes. Raises `VolumeError` for a subPath that does not exist."""
        writable = {volume["name"] for volume in pod["spec"].get("volumes", []) if "emptyDir" in volume}
        found = []
        for mount in container.get("volumeMounts", []):
            source = self._folder / mount["name"]
            sub_path = mount.get("subPath") or _expanded(mount.get("subPathExpr"), environment)
            is_writable = mount["name"] in writable and not mount.get("readOnly", False)
            if sub_path:
                source = self._sub_path(source, sub_path, is_writable)
            found.append(Mount(mount["mountPath"], source, is_writable))
        return found

    def remove(self) -> None:
        """Delete the folders."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _sub_path(self, folder: Path, sub_path: str, writable: bool) -> Path:
        found = (folder / sub_path).resolve()
        if not found.is_relative_to(folder.resolve()):
            raise VolumeError(f"subPath {sub_path!r} leads out of its volume")
        if not found.exists():
            if not writable:
                raise VolumeError(f"subPath {sub_path!r}: no such file in volume {folder.name!r}")
            self._make_empty(found)
        return found

    def _make_empty(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)

    def _files(self, volume: JsonObject, pod: JsonObject) -> dict[str, Content]:
        if "projected" in volume:
            projected = volume["projected"]
            files: dict[str, Content] = {}
            for source in projected.get("sources", []):
                files |= self._source_files(source, pod, projected.get("defaultMode", 0o644))
            return files
        source = {kind: volume[kind] for kind in ("configMap", "secret", "downwardAPI") if kind in volume}
        if not source:
            kind = ", ".join(key for key in volume if key != "name")
            raise VolumeError(f'volume "{volume["name"]}": found {kind}, which a stand-in node does not offer')
        mode = next(iter(source.values())).get("defaultMode", 0o644)
        return self._source_files(source, pod, mode)

    def _source_files(self, source: JsonObject, pod: JsonObject, mode: int) -> dict[str, Content]:
        if "serviceAccountToken" in source:
            wanted = source["serviceAccountToken"]
            seconds = wanted.get("expirationSeconds", DEFAULT_TOKEN_SECONDS)
            return {wanted["path"]: Content(self._tokens.token(wanted.get("audience", ""), seconds))}
        if "downwardAPI" in source:
            return {
                item["path"]: Content(_field(item, pod), item.get("mode", mode))
                for item in source["downwardAPI"].get("items", [])
            }
        if "configMap" in source:
            return self._object_files("ConfigMap", source["configMap"], source["configMap"].get("name"), pod, mode)
        if "secret" in source:
            secret = source["secret"]
            return self._object_files("Secret", secret, secret.get("secretName") or secret.get("name"), pod, mode)
        raise ValueError(f"found {', '.join(source)}, which a stand-in node does not offer")

    def _object_files(self, kind: str, wanted: JsonObject, name: str, pod: JsonObject, mode: int) -> dict[str, Content]:
        fresh = ROOT_CA_FRESH_SECONDS if name == ROOT_CA else FRESH_SECONDS
        values = self._objects.values(kind, pod["metadata"]["namespace"], name, max_age=fresh)
        optional = wanted.get("optional", False)
        if values is None:
            if optional:
                return {}
            raise ValueError(f'{kind.lower()} "{name}" not found')
        if "items" not in wanted:
            return {key: Content(value, mode) for key, value in values.items()}
        files = {}
        for item in wanted["items"]:
            if item["key"] in values:
                files[item["path"]] = Content(values[item["key"]], item.get("mode", mode))
            elif not optional:
                raise ValueError(f'{kind.lower()} "{name}" has no key {item["key"]!r}')
        return files


def _field(item: JsonObject, pod: JsonObject) -> bytes:
    if "fieldRef" not in item:
        raise ValueError(f"downwardAPI item {item.get('path')!r}: expected a fieldRef")
    return field_value(pod, item["fieldRef"]["fieldPath"]).encode()


def _expanded(expression: str | None, environment: dict[str, str]) -> str:
    return expand(expression, environment) if expression else ""
