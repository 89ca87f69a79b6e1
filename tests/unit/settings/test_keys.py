"""A folder of keys as a long-lived process has it: however it is copied, and while it is."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from glance_related.settings.keys import Keys, NoKeys, Undecipherable, describe
from glance_related.settings.options import ConfigError


@dataclass
class Host:
    """What it has told of its keys, when it could."""

    told: list[tuple[str, ...]] = field(default_factory=list)
    can_tell: bool = True
    now: float = 0.0

    def tell(self, fingerprints: tuple[str, ...]) -> bool:
        if self.can_tell:
            self.told.append(fingerprints)
        return self.can_tell

    def clock(self) -> float:
        return self.now


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "keys"
    made.mkdir()
    (made / "1").write_bytes(Fernet.generate_key())
    return made


@pytest.fixture
def keys(folder: Path, host: Host) -> Keys:
    made = Keys(str(folder), host.tell, host.clock)
    made.refresh()
    return made


def fingerprints(folder: Path) -> tuple[str, ...]:
    """That of the primary first, the staged one last."""
    return tuple(key.fingerprint for key in sorted(describe(folder), key=lambda key: -key.number))


def test_a_key_that_is_replaced_in_place_is_read(folder: Path, keys: Keys, host: Host) -> None:
    (folder / "0").write_bytes(Fernet.generate_key())
    keys.refresh()
    before = folder.stat()
    (folder / "0").write_bytes(Fernet.generate_key())
    os.utime(folder, ns=(before.st_atime_ns, before.st_mtime_ns))  # as nothing about the folder itself has changed
    token = Fernet((folder / "0").read_bytes()).encrypt(b"hush").decode()
    assert keys.open(token) == "hush"
    assert host.told[-1] == fingerprints(folder)
    assert len(host.told) == 3


def test_what_is_half_copied_changes_nothing_until_it_is_whole(folder: Path, keys: Keys, caplog: Any) -> None:
    token, primary = keys.seal("hush"), Fernet.generate_key()
    for half in (b"", primary[:20]):
        (folder / "2").write_bytes(half)
        for _ in range(3):
            assert keys.open(keys.seal("new")) == "new"
            assert keys.open(token) == "hush"
    assert caplog.text.count("is no key") == 2, "it is said once for each time that it has changed"
    (folder / "2").write_bytes(primary)
    assert Fernet(primary).decrypt(keys.seal("new").encode()) == b"new"
    assert keys.open(token) == "hush"


def test_a_folder_that_is_away_for_a_while_leaves_what_was_read(folder: Path, keys: Keys, caplog: Any) -> None:
    token = keys.seal("hush")
    shutil.move(folder, folder.with_name("away"))
    assert keys.open(token) == "hush"
    assert "no keys in" in caplog.text
    folder.mkdir()
    (folder / "0").write_bytes(Fernet.generate_key())  # the staged one comes first
    assert keys.open(keys.seal("x")) == "x"
    (folder / "1").write_bytes(Fernet.generate_key())
    with pytest.raises(Undecipherable):
        keys.open(token)


def test_who_has_never_read_any_has_none(folder: Path) -> None:
    (folder / "1").write_bytes(b"no key")
    broken = Keys(str(folder))
    for _ in range(2):
        with pytest.raises(ConfigError):
            broken.refresh()
    (folder / "1").unlink()
    with pytest.raises(NoKeys):
        broken.seal("x")


def test_only_what_another_key_has_encrypted_is_encrypted_anew(folder: Path, keys: Keys) -> None:
    old = keys.seal("hush")
    assert keys.sealed_anew(old) is None
    (folder / "0").write_bytes(Fernet.generate_key())
    assert keys.sealed_anew(old) is None
    os.rename(folder / "0", folder / "2")
    new = keys.sealed_anew(old)
    assert new is not None
    assert (keys.open(new), keys.sealed_anew(new)) == ("hush", None)


def test_keys_are_told_of_though_nobody_has_a_secret(folder: Path, keys: Keys, host: Host) -> None:
    keys.keep_fresh()
    (folder / "0").write_bytes(Fernet.generate_key())
    host.now += 5
    keys.keep_fresh()
    assert len(host.told) == 1, "not with every request"
    host.now += 6
    keys.keep_fresh()
    assert host.told[1:] == [fingerprints(folder)]
    os.rename(folder / "0", folder / "2")
    host.now += 11
    keys.keep_fresh()
    assert host.told[-1] == fingerprints(folder)
    assert host.told[-1] == host.told[-2][::-1], "the same keys, and another is the first"


def test_what_could_not_be_told_is_told_later(folder: Path, keys: Keys, host: Host) -> None:
    host.can_tell = False
    (folder / "0").write_bytes(Fernet.generate_key())
    host.now += 11
    keys.keep_fresh()
    host.can_tell = True
    host.now += 11
    keys.keep_fresh()
    assert host.told[1:] == [fingerprints(folder)]
    host.now += 11
    keys.keep_fresh()
    assert len(host.told) == 2


def test_whoever_keeps_nothing_fresh_is_not_stopped(folder: Path, caplog: Any) -> None:
    Keys(None).keep_fresh()
    Keys(str(folder / "nowhere")).keep_fresh()
    (folder / "1").write_bytes(b"no key")
    Keys(str(folder)).keep_fresh()
    assert "is no key" in caplog.text
