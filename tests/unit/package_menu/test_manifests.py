"""A folder of manifests: whose each is, and that nothing of a server stays behind."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from glance_related.deliveries.delivery import Refused, Unavailable
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.drivers.manifests import Manifests
from glance_related.testing.store_suite import at_once

NOVA, OTHER_NOVA = "11111111-2222-3333-4444-555555555555", "99999999-8888-7777-6666-555555555555"
ONE, TWO = InstanceRef(NOVA, "one"), InstanceRef(NOVA, "two")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "servers"
    path.mkdir()
    return path


@pytest.fixture
def manifests(folder: Path) -> Manifests:
    return Manifests(folder)


def seen(folder: Path) -> list[str]:
    """What Puppet reads."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.pp"))


def known(folder: Path) -> list[str]:
    """The servers that are known."""
    return sorted(path.name for path in (folder / ".servers").iterdir() if path.is_file())


def test_a_server_has_one_manifest_which_says_whose_it_is(manifests: Manifests, folder: Path) -> None:
    manifests.put(ONE, "web-1", "node 'web-1' {\n}\n")
    assert seen(folder) == ["web-1.pp"]
    text = (folder / "web-1.pp").read_text()
    assert text.splitlines()[1:] == ["node 'web-1' {", "}"]
    assert text.startswith("# ")
    assert "one" in text.splitlines()[0]
    assert manifests.get(ONE) == text
    assert manifests.get(TWO) is None
    assert stat.S_IMODE((folder / "web-1.pp").stat().st_mode) == 0o640


def test_a_manifest_that_would_be_the_same_is_not_touched(manifests: Manifests, folder: Path) -> None:
    manifests.put(ONE, "web-1", "x")
    before = (folder / "web-1.pp").stat()
    manifests.put(ONE, "web-1", "x")
    after = (folder / "web-1.pp").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    manifests.put(ONE, "web-1", "y")
    assert (folder / "web-1.pp").stat().st_ino != before.st_ino  # replaced, not written over


def test_a_server_that_is_called_otherwise_leaves_its_former_manifest(manifests: Manifests, folder: Path) -> None:
    manifests.put(ONE, "web-1", "x")
    manifests.put(ONE, "web-2", "x")
    assert seen(folder) == ["web-2.pp"]
    manifests.put(ONE, "web-2", "y")
    manifests.remove(ONE)
    assert seen(folder) == []


def test_a_server_that_is_gone_leaves_nothing(manifests: Manifests, folder: Path) -> None:
    manifests.put(ONE, "web-1", "x")
    manifests.put(TWO, "web-2", "x")
    for _ in range(2):
        manifests.remove(ONE)
    assert seen(folder) == ["web-2.pp"]
    assert known(folder) == [f"{NOVA}-two"]


def test_a_name_that_is_anothers_is_refused_and_his_manifest_stays(manifests: Manifests, folder: Path) -> None:
    manifests.put(ONE, "web-1", "x")
    for other in (TWO, InstanceRef(OTHER_NOVA, "one"), InstanceRef(NOVA, "ONE")):
        with pytest.raises(Refused, match=r"web-1 is another's"):
            manifests.put(other, "web-1", "y")
        manifests.remove(other)
    assert "x" in (folder / "web-1.pp").read_text()
    manifests.put(TWO, "web-2", "x")
    with pytest.raises(Refused):
        manifests.put(TWO, "web-1", "y")
    assert seen(folder) == ["web-1.pp", "web-2.pp"]


def test_an_operators_own_manifest_is_nobodys(manifests: Manifests, folder: Path) -> None:
    (folder / "web-1.pp").write_text("node 'web-1' { }\n")
    with pytest.raises(Refused, match="another's"):
        manifests.put(ONE, "web-1", "x")
    manifests.remove(ONE)
    assert (folder / "web-1.pp").read_text() == "node 'web-1' { }\n"


def test_of_servers_that_want_one_name_at_once_one_gets_it(manifests: Manifests, folder: Path) -> None:
    for turn in range(10):
        servers = [InstanceRef(NOVA, f"{turn}-{number}") for number in range(4)]
        name = f"web-{turn}"
        outcomes = at_once(*(lambda one=one, name=name: manifests.put(one, name, "x") for one in servers))
        assert sorted(type(one).__name__ for one in outcomes) == ["NoneType", "Refused", "Refused", "Refused"]
        (winner,) = [one for one, outcome in zip(servers, outcomes, strict=True) if outcome is None]
        assert winner.instance_id in (folder / f"{name}.pp").read_text()


def test_a_worker_that_dies_in_between_is_made_good(manifests: Manifests, folder: Path) -> None:
    """The name is noted before the manifest is there, and the new one is there before the old one goes."""
    manifests.put(ONE, "web-1", "x")
    (folder / ".servers" / f"{NOVA}-one").write_text("web-1\nweb-2")  # died here
    manifests.put(ONE, "web-2", "y")
    assert seen(folder) == ["web-2.pp"]
    (folder / ".servers" / f"{NOVA}-one").write_text("web-2\nweb-3")
    manifests.remove(ONE)
    assert seen(folder) == []
    assert known(folder) == []


@pytest.mark.parametrize("instance_id", ["..", ".", "../../x", "a/b", "ä", "a\nb", "x" * 255, "ü" * 255, "#{x}", "'"])
def test_whatever_a_server_is_called_by_nova_stays_in_the_folder(
    manifests: Manifests, folder: Path, instance_id: str
) -> None:
    one = InstanceRef(NOVA, instance_id)
    manifests.put(one, "web-1", "node 'web-1' { }")
    assert manifests.get(one) is not None
    assert len((folder / "web-1.pp").read_text().splitlines()) == 2
    assert sorted(os.listdir(folder.parent)) == ["servers"]
    assert len(known(folder)) == 1
    manifests.remove(one)
    assert seen(folder) == []


def test_a_folder_that_is_away_is_a_receiver_that_does_not_answer(manifests: Manifests, folder: Path) -> None:
    manifests.put(ONE, "web-1", "x")
    folder.rename(folder.with_name("away"))
    for ask in (lambda: manifests.put(ONE, "web-1", "y"), lambda: manifests.remove(ONE)):
        with pytest.raises(Unavailable, match="is not there"):
            ask()
    (said,) = manifests.check()
    assert "does not exist" in said
    folder.with_name("away").rename(folder)
    assert manifests.check() == []
    manifests.remove(ONE)
    assert seen(folder) == []


def test_a_name_that_is_too_long_for_a_file_is_refused(manifests: Manifests, folder: Path) -> None:
    with pytest.raises(Refused, match="too long"):
        manifests.put(ONE, "a" * 250, "x")
    manifests.put(ONE, "a" * 240, "x")
    assert seen(folder) == [f"{'a' * 240}.pp"]
