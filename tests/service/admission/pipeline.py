"""A pipeline's job: a checkout with deploy/, the system's variables, the commands that its image has."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from sandbox.cluster import ControlPlane
from sandbox.process import wait_until
from sandbox.receiver_process import RELEASES_TOKEN, ReceiverProcess
from tests.service.admission.deployer import Deployer, manifest

NAMESPACE = "shop"
RUNS_METRICOPS = f'exec {sys.executable} -m cli.main "$@"\n'
RUNS_OUR_IMAGE = 'while [ "${1#*/metricops:}" = "$1" ]; do shift; done\nshift\n' + RUNS_METRICOPS
"""What `docker run … IMAGE ARGUMENTS` comes to: there is no container runtime here, and the image is the command."""
ROOT = Path(__file__).parents[3]


class Pipeline:
    """Runs scripts as one system does. `shop` is the workload that they deploy."""

    def __init__(self, plane: ControlPlane, receiver: ReceiverProcess, folder: Path) -> None:
        self.shop = Deployer(plane, NAMESPACE)
        self.checkout = folder / "checkout"
        (self.checkout / "deploy").mkdir(parents=True)
        commands = folder / "bin"
        commands.mkdir()
        for name, script in (("metricops", RUNS_METRICOPS), ("docker", RUNS_OUR_IMAGE)):
            (commands / name).write_text(f"#!/bin/sh\n{script}")
            (commands / name).chmod(0o755)
        (commands / "kubectl").symlink_to(plane.kubectl_path)
        self._environment = {
            "PATH": f"{commands}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "KUBECONFIG": str(plane.kubeconfig),
            "METRICOPS_URL": receiver.url,
            "METRICOPS_TOKEN": RELEASES_TOKEN,
        }

    def write_image(self, image: str) -> None:
        """The step before: deploy/ has the image that was built."""
        body = manifest(image)
        body["metadata"]["namespace"] = NAMESPACE
        (self.checkout / "deploy/deployment.yaml").write_text(yaml.safe_dump(body))

    def run(self, script: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a script with the system's variables; a job would stand for 15 minutes, which a test can't."""
        return subprocess.run(
            ["/bin/sh", "-e"],
            input=script.replace("--for 15m", "--for 0s"),
            env={**self._environment, **variables},
            cwd=self.checkout,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def succeeds(self, script: str, variables: Mapping[str, str]) -> str:
        """Run a script that has to succeed. Returns its standard output."""
        done = self.run(script, variables)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def remove(self) -> None:
        """Take the workload away, and its revisions."""
        self.shop.kubectl("delete", "deployment", "shop", "--cascade=foreground", "--ignore-not-found")
        wait_until(lambda: self.shop.replica_sets() == 0, 30, "its revisions are gone")
