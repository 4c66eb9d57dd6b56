from __future__ import annotations

import os
from pathlib import Path

from receiver.web.token import TokenFile


def test_the_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old")
    token = TokenFile(path)
    assert token.accepts("Bearer old")
    path.write_text("old\nnew\n")
    assert token.accepts("Bearer old")
    assert token.accepts("bearer new")
    replacement = tmp_path / "replacement"
    replacement.write_text("new")
    os.replace(replacement, path)  # noqa: PTH105 - the very call that a Secret's volume is swapped with
    assert not token.accepts("Bearer old")
    assert token.accepts("Bearer new")


def test_no_file_and_no_token_let_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "token"
    assert not TokenFile(path).accepts("Bearer x")
    path.write_text("\n\n")
    assert not TokenFile(path).accepts("Bearer ")
    assert not TokenFile(path).accepts("Bearer \n")
