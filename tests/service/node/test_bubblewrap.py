"""Real processes in real namespaces, without an API server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox.node.bubblewrap import Bubble, Confinement
from sandbox.node.launch import base_environment
from sandbox.node.node import CHECKOUT
from sandbox.node.tree import Mount, exposed_paths, plan

IN_PLACE = Confinement("pod-1", "/", uid=65532, gid=65532)


def start(
    command: Sequence[str], log: Path, mounts: Sequence[Mount] = (), confinement: Confinement = IN_PLACE
) -> Bubble:
    return Bubble.start(plan(exposed_paths(CHECKOUT), mounts), confinement, command, base_environment("pod-1"), log)


def output(
    command: Sequence[str], tmp_path: Path, mounts: Sequence[Mount] = (), confinement: Confinement = IN_PLACE
) -> str:
    log = tmp_path / "log"
    bubble = start(command, log, mounts, confinement)
    assert bubble.wait(10)
    text = log.read_text()
    assert bubble.exit_code == 0, text
    return text


def test_files_appear_at_mount_paths_that_the_host_does_not_have(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "key").write_text("value")
    targets = (
        "/config",
        "/etc/metricops",
        "/var/run/secrets/kubernetes.io/serviceaccount",
        "/opt/new/deep",
        "/usr/share/zoneinfo/metricops",
        f"{CHECKOUT}/not-there",
    )
    mounts = [Mount(target, folder) for target in targets]
    paths = [f"{target}/key" for target in targets]
    assert output(["cat", *paths], tmp_path, mounts) == "value" * len(targets)
    assert not Path("/etc/metricops").exists()


def test_what_surrounds_a_mount_stays(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    text = output(
        ["sh", "-c", "cat /etc/debian_version; ls -d /run/secrets"],
        tmp_path,
        [
            Mount("/etc/metricops", tmp_path / "config"),
            Mount("/var/run/secrets/x", tmp_path / "config"),
        ],
    )
    assert text == Path("/etc/debian_version").read_text() + "/run/secrets\n"


def test_python_and_the_checkout_are_there_but_no_home(tmp_path: Path) -> None:
    text = output(["python", "-c", "import sys, rules; print(sys.prefix, rules.__file__)"], tmp_path)
    assert text.split() == [sys.prefix, f"{CHECKOUT}/rules/__init__.py"]
    absent = output(["sh", "-c", "test -e ~root/.kube -o -e /home || echo none"], tmp_path)
    assert absent.endswith("none\n")


def test_the_process_is_the_user_that_it_should_be_and_alone(tmp_path: Path) -> None:
    text = output(["sh", "-c", "id -u; id -g; hostname; echo $$; grep CapEff /proc/self/status"], tmp_path)
    assert text.split() == ["65532", "65532", "pod-1", "1", "CapEff:", "0000000000000000"]


def test_a_read_only_root_can_be_written_only_where_a_volume_is(tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    sealed = Confinement("pod-1", "/", uid=65532, gid=65532, read_only_root=True)
    text = output(
        ["sh", "-c", "touch /tmp/x 2>/dev/null || echo sealed; touch /data/x && echo open"],
        tmp_path,
        [Mount("/data", volume, writable=True)],
        sealed,
    )
    assert text == "sealed\nopen\n"
    assert (volume / "x").exists()
    assert output(["sh", "-c", "touch /tmp/x && echo open"], tmp_path / "..", confinement=IN_PLACE).endswith("open\n")


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("kill -9 $$; sleep 9 & kill -9 $!; exit 4", 4)])
def test_exit_codes(tmp_path: Path, script: str, code: int) -> None:
    bubble = start(["sh", "-c", script], tmp_path / "log")
    assert bubble.wait(10)
    assert bubble.exit_code == code


def test_sigterm_reaches_the_process_itself(tmp_path: Path) -> None:
    bubble = start(["sh", "-c", "trap 'echo bye; exit 7' TERM; echo up; sleep 60 & wait"], tmp_path / "log")
    wait_for_text(tmp_path / "log", "up")
    bubble.signal(signal.SIGTERM)
    assert bubble.wait(5)
    assert bubble.exit_code == 7
    assert (tmp_path / "log").read_text() == "up\nbye\n"
    bubble.close()


def test_sigkill_ends_what_ignores_sigterm_and_its_children(tmp_path: Path) -> None:
    bubble = start(["sh", "-c", "trap '' TERM; sleep 61 & echo up; wait"], tmp_path / "log")
    wait_for_text(tmp_path / "log", "up")
    bubble.signal(signal.SIGTERM)
    assert not bubble.wait(0.3)
    bubble.signal(signal.SIGKILL)
    assert bubble.wait(5)
    assert bubble.exit_code == 137


@pytest.mark.parametrize("uid", [0, 65532])
def test_run_inside_sees_the_container(tmp_path: Path, uid: int) -> None:
    confinement = Confinement("pod-1", "/", uid=uid, gid=uid)
    bubble = start(["sh", "-c", "echo up; exec sleep 60"], tmp_path / "log", [Mount("/config", tmp_path)], confinement)
    try:
        wait_for_text(tmp_path / "log", "up")
        code, text = bubble.run_inside(["sh", "-c", "id -u; ls -d /config; echo $$; exit 5"], os.environ, 5)
        assert (code, text) == (5, f"{uid}\n/config\n{text.split()[-1]}\n")
        assert bubble.run_inside(["sleep", "9"], os.environ, 0.2)[0] == 124
    finally:
        bubble.signal(signal.SIGKILL)
        assert bubble.wait(5)


def test_containers_die_with_the_node(tmp_path: Path) -> None:
    program = f"""
import sys, time; from pathlib import Path
sys.path.insert(0, {str(CHECKOUT)!r})
from tests.service.node.test_bubblewrap import start
print(start(["sh", "-c", "echo up; exec sleep 62"], Path({str(tmp_path)!r}) / "log").pid, flush=True); time.sleep(60)
"""
    node = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert node.stdout is not None
    pid = int(node.stdout.readline())
    wait_for_text(tmp_path / "log", "up")
    node.kill()
    node.wait()
    node.stdout.close()
    deadline = time.monotonic() + 5
    while is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def wait_for_text(log: Path, text: str) -> None:
    deadline = time.monotonic() + 5
    while not log.exists() or text not in log.read_text():
        assert time.monotonic() < deadline, f"{log} never held {text!r}"
        time.sleep(0.01)
