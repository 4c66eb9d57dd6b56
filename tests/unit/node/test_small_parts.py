"""Addresses, back-off, file trees, files, probes' verdicts, binding."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from sandbox.node.addresses import Addresses, AddressesExhaustedError, pod_range
from sandbox.node.atomic import Content, write_folder
from sandbox.node.backoff import Backoff
from sandbox.node.binding import wants_binding
from sandbox.node.probes import Prober, ProbeTiming, Verdict, port_number
from sandbox.node.registration import node_object
from sandbox.node.tree import Mount, TreeError, plan


def test_the_pod_range_follows_the_port() -> None:
    assert pod_range(6443) == "127.25.43"
    assert len({pod_range(port) for port in range(1024, 65536)}) == 65536 - 1024


def test_an_address_is_used_again_only_when_free_and_as_late_as_possible() -> None:
    addresses = Addresses("127.1.2")
    assert addresses.take("a") == "127.1.2.1"
    assert addresses.take("a") == "127.1.2.1"
    assert addresses.take("b", wanted="127.1.2.9") == "127.1.2.9"
    assert addresses.take("c", wanted="127.1.2.9") == "127.1.2.2"
    assert addresses.take("d", wanted="10.0.0.1") == "127.1.2.3"
    addresses.give_back("a")
    others = [addresses.take(str(number)) for number in range(251)]
    assert others[-1] == "127.1.2.1"
    assert len(set(others)) == 251
    with pytest.raises(AddressesExhaustedError):
        addresses.take("one too many")


def test_the_first_restart_is_at_once_and_the_wait_doubles_to_its_limit() -> None:
    backoff = Backoff(first=1, longest=5, forget_after=60)
    assert [backoff.ended(0.1) for _ in range(6)] == [0, 1, 2, 4, 5, 5]
    assert [backoff.ended(60), backoff.ended(59)] == [0, 1]


def binds(arguments: list[str]) -> dict[str, str]:
    return {
        arguments[at + 2]: f"{word[2:]} {arguments[at + 1]}"
        for at, word in enumerate(arguments)
        if word in ("--ro-bind", "--bind", "--symlink")
    }


def test_a_mount_over_what_exists_needs_nothing_opened(tmp_path: Path) -> None:
    (tmp_path / "etc/app").mkdir(parents=True)
    arguments = plan([tmp_path / "etc"], [Mount(f"{tmp_path}/etc/app", Path("/volume"))])
    assert binds(arguments)[f"{tmp_path}/etc"] == f"ro-bind {tmp_path}/etc"
    assert binds(arguments)[f"{tmp_path}/etc/app"] == "ro-bind /volume"


def test_a_folder_without_the_mount_point_is_made_anew_with_all_its_entries(tmp_path: Path) -> None:
    (tmp_path / "etc/other").mkdir(parents=True)
    (tmp_path / "etc/file").touch()
    (tmp_path / "etc/link").symlink_to("file")
    arguments = plan([tmp_path / "etc"], [Mount(f"{tmp_path}/etc/app/conf", Path("/volume"), writable=True)])
    found = binds(arguments)
    assert f"{tmp_path}/etc" not in found
    assert found[f"{tmp_path}/etc/other"] == f"ro-bind {tmp_path}/etc/other"
    assert found[f"{tmp_path}/etc/file"] == f"ro-bind {tmp_path}/etc/file"
    assert found[f"{tmp_path}/etc/link"] == "symlink file"
    assert found[f"{tmp_path}/etc/app/conf"] == "bind /volume"
    assert not (tmp_path / "etc/app").exists()


def test_links_on_the_way_are_followed() -> None:
    found = binds(plan([], [Mount("/var/run/secrets/token", Path("/volume"))]))
    assert found["/run/secrets/token"] == "ro-bind /volume"
    assert found["/var/run"] == "symlink /run"


@pytest.mark.parametrize("target", ["relative", "/", "", "/a/../.."])
def test_impossible_mount_paths_are_refused(target: str) -> None:
    with pytest.raises(TreeError, match="mount path"):
        plan([], [Mount(target, Path("/volume"))])


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TreeError, match="is a file, expected a folder"):
        plan([tmp_path / "file"], [Mount(f"{tmp_path}/file/below", Path("/volume"))])


def test_files_change_together_and_go_when_they_are_gone(tmp_path: Path) -> None:
    write_folder(tmp_path, {"a": Content(b"1"), "sub/b": Content(b"1", 0o400)})
    opened = (tmp_path / "..data").readlink()
    assert (tmp_path / "a").read_bytes() == b"1"
    assert (tmp_path / "sub/b").stat().st_mode & 0o777 == 0o400
    write_folder(tmp_path, {"a": Content(b"2"), "c": Content(b"2")})
    assert (tmp_path / "a").read_bytes() == b"2"
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("..")) == ["a", "c"]
    assert not (tmp_path / opened).exists()
    for name in ("../x", "/x", "..x", ""):
        with pytest.raises(ValueError, match="relative path"):
            write_folder(tmp_path, {name: Content(b"")})


def test_a_verdict_changes_only_past_its_threshold() -> None:
    verdict = Verdict(ProbeTiming(0, 10, 1, success_threshold=2, failure_threshold=3))
    answers = [True, True, False, False, True, False, False, False, True, True]
    seen = []
    for answer in answers:
        verdict.record(answer)
        seen.append(verdict.value)
    assert seen == [None, True, True, True, True, True, True, False, False, True]


def test_a_prober_is_eager_until_the_first_yes_and_counts_a_no_once_per_period() -> None:
    answers = iter([False, False, False, True])
    changed = threading.Event()
    prober = Prober(lambda _timeout: (next(answers), "no"), ProbeTiming(0, 10, 1, 1, 1), changed.set)
    prober.start()
    assert changed.wait(5)
    prober.stop()
    assert prober.value is True


def test_a_prober_gives_up_after_its_failures() -> None:
    changed = threading.Event()
    prober = Prober(lambda _timeout: (False, "refused"), ProbeTiming(0, 0.2, 1, 1, 2), changed.set)
    prober.start()
    assert changed.wait(5)
    prober.stop()
    assert (prober.value, prober.message) == (False, "refused")


def test_probe_defaults_are_the_apis() -> None:
    assert ProbeTiming.of({}) == ProbeTiming(0, 10, 1, 1, 3)


def test_ports_go_by_number_or_name() -> None:
    container = {"name": "c", "ports": [{"name": "http", "containerPort": 8080}]}
    assert (port_number(80, container), port_number("http", container), port_number("81", container)) == (80, 8080, 81)
    with pytest.raises(ValueError, match="no port named 'grpc'"):
        port_number("grpc", container)


@pytest.mark.parametrize(
    ("metadata", "spec", "wanted"),
    [
        ({}, {}, True),
        ({}, {"nodeName": "n"}, False),
        ({}, {"schedulerName": "own"}, False),
        ({}, {"schedulingGates": [{"name": "g"}]}, False),
        ({"deletionTimestamp": "2026-01-01T00:00:00Z"}, {}, False),
    ],
)
def test_only_pods_for_the_default_scheduler_are_bound(
    metadata: dict[str, Any], spec: dict[str, Any], wanted: bool
) -> None:
    assert wants_binding({"metadata": metadata, "spec": spec}) is wanted


def test_the_node_is_ready_and_has_room() -> None:
    node = node_object("n", "2026-01-01T00:00:00Z")
    assert {c["type"]: c["status"] for c in node["status"]["conditions"]}["Ready"] == "True"
    assert int(node["status"]["capacity"]["pods"]) <= 254
