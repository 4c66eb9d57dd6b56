from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.node.images import ImageError, ImageNotFoundError, candidates, find_image, split_reference
from sandbox.node.node import IMAGES


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("shop", ("shop", "latest")),
        ("shop:1.0", ("shop", "1.0")),
        ("registry.example:5000/team/shop", ("registry.example:5000/team/shop", "latest")),
        ("registry.example:5000/team/shop:1.0", ("registry.example:5000/team/shop", "1.0")),
        ("ghcr.io/team/shop:1.0@sha256:abc", ("ghcr.io/team/shop", "1.0")),
    ],
)
def test_references_are_split(reference: str, parts: tuple[str, str]) -> None:
    assert split_reference(reference) == parts


def test_the_full_path_is_tried_before_the_last_part_and_the_tag_before_any() -> None:
    assert candidates("r.example/a/shop:1.0") == [
        "r.example/a/shop/1.0",
        "r.example/a/shop/any",
        "shop/1.0",
        "shop/any",
    ]


def image(folder: Path, name: str, description: str = "entrypoint: [run]") -> Path:
    found = folder / name
    found.mkdir(parents=True)
    (found / "image.yaml").write_text(description)
    return found


def test_an_earlier_folder_wins(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    image(second, "shop/1.0")
    assert find_image("shop:1.0", [first, second]).folder == second / "shop/1.0"
    image(first, "shop/any")
    assert find_image("shop:1.0", [first, second]).folder == first / "shop/any"


@pytest.mark.parametrize("reference", ["shop:9.9", "../outside:1", "nothing"])
def test_unknown_images_are_not_found(tmp_path: Path, reference: str) -> None:
    image(tmp_path, "outside/1")
    image(tmp_path, "images/shop/1.0")
    with pytest.raises(ImageNotFoundError, match="no folder"):
        find_image(reference, [tmp_path / "images"])


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("[1]", "found list, expected a mapping"),
        ("entrypiont: [run]", "found entrypiont, expected only"),
        ("layers: [../none]", "is not a folder"),
        ("{", "image.yaml"),
    ],
)
def test_a_bad_description_is_named(tmp_path: Path, description: str, message: str) -> None:
    image(tmp_path, "shop/1.0", description)
    with pytest.raises(ImageError, match=message):
        find_image("shop:1.0", [tmp_path])


def test_command_and_args_override_as_in_kubernetes(tmp_path: Path) -> None:
    image(tmp_path, "shop/1.0", "{entrypoint: [run], command: [--default]}")
    found = find_image("shop:1.0", [tmp_path])
    assert found.start_line(None, None) == ["run", "--default"]
    assert found.start_line(None, ["-x"]) == ["run", "-x"]
    assert found.start_line(["other"], None) == ["other"]
    assert found.start_line(["other"], ["-x"]) == ["other", "-x"]


def test_layers_lie_under_the_images_own_files(tmp_path: Path) -> None:
    (tmp_path / "shop/base").mkdir(parents=True)
    (tmp_path / "shop/base/both").write_text("base")
    (tmp_path / "shop/base/shared").write_text("base")
    own = image(tmp_path, "shop/1.0", "layers: [../base]")
    (own / "both").write_text("own")
    before = find_image("shop:1.0", [tmp_path])
    sources = {mount.target: mount.source for mount in before.mounts()}
    assert sources["/app/shared"] == tmp_path / "shop/base/shared"
    assert sources["/app/both"] == own / "both"
    digest = before.digest
    (own / "both").write_text("changed")
    assert find_image("shop:1.0", [tmp_path]).digest != digest


@pytest.mark.parametrize(
    "reference",
    [*(f"shop:1.{release}" for release in range(5)), "registry.k8s.io/pause:3.10", "ghcr.io/metricops/metricops:0.1.0"],
)
def test_the_shipped_images_are_there(reference: str) -> None:
    assert find_image(reference, [IMAGES]).entrypoint
