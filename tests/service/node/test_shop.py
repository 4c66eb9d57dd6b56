"""The sample app's releases, each as the process that it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3

from sandbox.node.images import find_image
from sandbox.node.node import IMAGES
from sandbox.process import free_port, wait_until

HTTP = urllib3.PoolManager(retries=False, timeout=5)


@contextmanager
def shop(tag: str, folder: Path, **environment: str) -> Iterator[str]:
    """The base URL of a running release."""
    for mount in find_image(f"shop:{tag}", [IMAGES]).mounts():
        shutil.copy(mount.source, folder)
    port = free_port()
    settings = {**os.environ, "POD_IP": "127.0.0.1", "PORT": str(port), **environment}
    with subprocess.Popen([sys.executable, folder / "server.py"], env=settings) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: answers(f"{url}/healthz"), 10, f"shop {tag} serves")
            yield url
        finally:
            process.terminate()
        assert process.wait(2) == 0


def answers(url: str) -> bool:
    try:
        return HTTP.request("GET", url).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def series(url: str, name: str) -> dict[str, float]:
    lines = HTTP.request("GET", f"{url}/metrics").data.decode().splitlines()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name)}


def test_the_good_release_counts_from_zero(tmp_path: Path) -> None:
    ok, bad = (f'http_request_total{{code="{code}",method="GET"}}' for code in (200, 500))
    with shop("1.0", tmp_path) as url:
        assert series(url, "http_request_total") == {ok: 0, bad: 0}
        assert HTTP.request("GET", f"{url}/checkout").data == b"shop 1.0 at /checkout\n"
        assert HTTP.request("GET", f"{url}/").status == 200
        assert HTTP.request("GET", f"{url}/none").status == 404
        assert series(url, "http_request_total") == {ok: 2, bad: 0}
        assert 'http_request_duration_seconds_count{code="500",method="GET"}' in series(url, "http_request_duration")


def test_the_bad_release_answers_500_to_its_share(tmp_path: Path) -> None:
    with shop("1.1", tmp_path) as url:
        statuses = [HTTP.request("GET", f"{url}/checkout").status for _ in range(400)]
    assert set(statuses) == {200, 500}
    assert 0.15 < statuses.count(500) / len(statuses) < 0.45


@pytest.mark.parametrize(("share", "status"), [("0", 200), ("1", 500)])
def test_the_share_can_be_set(tmp_path: Path, share: str, status: int) -> None:
    with shop("1.1", tmp_path, ERROR_SHARE=share) as url:
        assert {HTTP.request("GET", url).status for _ in range(5)} == {status}


def test_the_slow_release_is_slow(tmp_path: Path) -> None:
    with shop("1.2", tmp_path, DELAY_SECONDS="0.3") as url:
        HTTP.request("GET", url)
        found = series(url, "http_request_duration_seconds_sum")
    assert 0.3 <= found['http_request_duration_seconds_sum{code="200",method="GET"}'] < 1


def test_the_crashing_release_says_why(tmp_path: Path) -> None:
    for mount in find_image("shop:1.3", [IMAGES]).mounts():
        shutil.copy(mount.source, tmp_path)
    done = subprocess.run([sys.executable, tmp_path / "server.py"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "shop 1.3: cannot read the price list: unknown format 3\n")


def test_the_fixed_release_is_good(tmp_path: Path) -> None:
    with shop("1.4", tmp_path) as url:
        assert {HTTP.request("GET", url).status for _ in range(20)} == {200}
