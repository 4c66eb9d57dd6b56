from __future__ import annotations

from pathlib import Path

from sandbox.node.tree import Mount, plan


def test_a_volume_does_not_hide_what_every_container_sees(tmp_path: Path) -> None:
    """A checkout below /tmp stays visible in a container that mounts an emptyDir at /tmp."""
    checkout, volume = tmp_path / "checkout", tmp_path / "volume"
    checkout.mkdir()
    volume.mkdir()
    parent = str(tmp_path)
    arguments = plan([checkout], [Mount(parent, volume, writable=True)])
    bind = arguments.index(str(volume))
    assert arguments[bind - 1 : bind + 2] == ["--bind", str(volume), parent]
    inside = arguments.index(str(checkout))
    assert arguments[inside - 1 : inside + 2] == ["--ro-bind", str(checkout), str(checkout)]
    assert inside > bind
