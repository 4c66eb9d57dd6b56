"""The folder on a real file system."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.files import Changes
from sync.folder import FolderInUseError, RuleFolder

OURS = "metricops-sync.rule.shop.web.1a6fbf8a0d58.yml"


@pytest.fixture
def folder(tmp_path: Path) -> RuleFolder:
    opened = RuleFolder(tmp_path)
    opened.open()
    return opened


def test_only_our_files_are_seen(folder: RuleFolder) -> None:
    folder.apply(Changes({OURS: "a"}, ()))
    (folder.path / "theirs.yml").write_text("b")
    assert folder.present() == {OURS: "a"}
    assert folder.taken() == {}
    folder.apply_taken(Changes({OURS: "a"}, ()))
    assert folder.taken() == {OURS: "a"}
    folder.apply(Changes({}, (OURS,)))
    assert (folder.present(), folder.taken()) == ({}, {OURS: "a"})


def test_a_link_is_replaced_and_not_followed(folder: RuleFolder) -> None:
    target = folder.path / "target"
    target.write_text("precious")
    (folder.path / OURS).symlink_to(target)
    assert folder.present() == {OURS: ""}
    folder.apply(Changes({OURS: "a"}, ()))
    assert (target.read_text(), folder.present()) == ("precious", {OURS: "a"})


def test_what_is_no_text_is_not_as_it_should_be(folder: RuleFolder) -> None:
    (folder.path / OURS).write_bytes(b"\xff\xfe")
    assert folder.present()[OURS] != ""


def test_readers_may_be_other_users(folder: RuleFolder) -> None:
    folder.apply(Changes({OURS: "a"}, ()))
    assert (folder.path / OURS).stat().st_mode & 0o777 == 0o644


def test_drafts_of_a_killed_process_are_removed_and_the_lock_is_free(folder: RuleFolder) -> None:
    draft = folder.path / ".metricops-sync" / "x.draft"
    draft.write_text("half")
    with pytest.raises(FolderInUseError):
        RuleFolder(folder.path).open()
    assert draft.exists(), "it may be that of the other process"
    folder.close()
    RuleFolder(folder.path).open()
    assert not draft.exists()
