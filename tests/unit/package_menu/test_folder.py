"""Files of servers: of what somebody who was killed has begun nothing stays, and what is there outlasts a crash."""

from __future__ import annotations

import functools
import os
import stat
from pathlib import Path

import pytest

from glance_related.package_menu.drivers import folder
from glance_related.testing.store_suite import at_once

LEFT = ("a.json.abcdefgh", "a.json.b.json.abcdefgh", "ab.json.abcdefgh")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder in which writers were killed."""
    (tmp_path / "nova" / ".new").mkdir(parents=True)
    for name in LEFT:
        (tmp_path / "nova" / ".new" / name).write_text("hush")
    return tmp_path / "nova"


def left(place: Path) -> set[str]:
    return {path.name for path in (place / ".new").iterdir()}


def test_what_was_begun_goes_when_the_same_file_is_written_and_no_other(place: Path) -> None:
    folder.replace(place / "a.json", b"new")
    assert left(place) == {*LEFT[1:]}
    assert (place / "a.json").read_bytes() == b"new"
    assert stat.S_IMODE((place / "a.json").stat().st_mode) == 0o640


def test_what_was_begun_goes_when_the_file_is_removed_though_there_never_was_one(place: Path) -> None:
    folder.remove(place / "ab.json")
    assert left(place) == {*LEFT[:2]}
    folder.remove(place / "a.json")
    assert left(place) == {LEFT[1]}
    folder.remove(place.parent / "nowhere" / "a.json")


def test_many_who_write_the_same_file_at_once_do_not_clear_it_away_from_one_another_for_ever(place: Path) -> None:
    path = place / "z.json"
    for _ in range(10):
        said = at_once(*(functools.partial(folder.replace, path, b"%d" % writer) for writer in range(12)))
        assert set(said) == {None}
        assert path.read_bytes() in {b"%d" % writer for writer in range(12)}
    assert left(place) == set(LEFT)


def test_the_longest_name_has_room(place: Path) -> None:
    folder.replace(place / f"{'c' * 240}.pp", b"new")
    assert (place / f"{'c' * 240}.pp").read_bytes() == b"new"


def test_where_nothing_can_be_moved_nothing_is_left(place: Path) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    before = left(place)
    with pytest.raises(OSError, match="no space"):
        folder.put(place / "x.json", b"hush", full)
    assert left(place) == before


def test_the_folder_is_on_the_disk_before_anybody_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def synced(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def moved(name: str, path: Path) -> None:
        steps.append("moved")
        replace(name, path)

    monkeypatch.setattr(os, "fsync", synced)
    folder.put(place / "a.json", b"new", moved)
    folder.remove(place / "a.json")
    assert steps == ["file", "moved", "folder", "folder"]
