from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.cache import OWNER, built_once, cache_folder, run_folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("METRICOPS_CACHE", str(folder))
    return folder


def test_the_folder_is_where_it_is_asked_for(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache_folder() == cache
    monkeypatch.delenv("METRICOPS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg/metricops"


def test_two_processes_make_one_entry(cache: Path) -> None:
    program = """
import os, sys, time
from sandbox.cache import built_once
from sandbox.process import wait_until
def build(folder):
    (folder / "made").touch()
    with open(sys.argv[1], "a") as made:
        made.write(f"{os.getpid()}\\n")
    wait_until(lambda: os.path.exists(sys.argv[2]), 10, "the other one waits")
def progress(text):
    open(sys.argv[2], "w").close()
assert (built_once("entry", build, progress) / "made").exists()
"""
    cache.mkdir()
    command = [sys.executable, "-c", program, str(cache / "log"), str(cache / "waiting")]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(20) for process in both] == [0, 0]
    assert len((cache / "log").read_text().splitlines()) == 1


def test_a_failed_build_leaves_nothing_and_is_tried_again(cache: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise RuntimeError("no network")

    with pytest.raises(RuntimeError, match="no network"):
        built_once("entry", fail, lambda _: None)
    assert [path.name for path in cache.iterdir()] == ["entry.lock"]
    assert built_once("entry", lambda folder: (folder / "whole").touch(), lambda _: None) == cache / "entry"
    built_once("entry", fail, lambda _: None)


def test_what_a_killed_build_left_is_removed_by_the_next(cache: Path) -> None:
    (cache / ".entry-old/gocache").mkdir(parents=True)
    (cache / ".entry2-mine").mkdir()
    built_once("entry", lambda folder: (folder / "whole").touch(), lambda _: None)
    assert sorted(path.name for path in cache.iterdir()) == [".entry2-mine", "entry", "entry.lock"]


def test_folders_of_killed_sandboxes_are_removed_and_no_others(cache: Path) -> None:
    ours = run_folder("ours")
    theirs = subprocess.run(
        [sys.executable, "-c", "from sandbox.cache import run_folder; print(run_folder('theirs'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    unknown = cache / "run/unknown"
    unknown.mkdir()
    assert (Path(theirs) / OWNER).exists()
    run_folder("next")
    assert ours.exists()
    assert unknown.exists()
    assert not Path(theirs).exists()
