"""``keys``: made, staged, promoted when every host knows them, and everything encrypted anew."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from glance_related.cmd import keys as keys_command
from glance_related.db.facts import set_fact
from glance_related.package_menu.entry import Entry, Sealed
from glance_related.package_menu.instance_store import InstanceStore
from glance_related.package_menu.rules import Choice
from glance_related.package_menu.store import CLOUD, MenuStore
from glance_related.settings.keys import Keys, NoKeys, Undecipherable
from glance_related.settings.options import ConfigError
from glance_related.suite import record_keys
from glance_related.testing.instance_suite import kept
from tests.unit.cmd.test_commands import one_sentence


@pytest.fixture
def keyed(operator, monkeypatch):
    monkeypatch.setattr(keys_command, "_UNDER_WAY", 0.0)
    folder = operator.folder / "keys"
    text = operator.conf.read_text()
    operator.write(f"{text}[keys]\nfolder = {folder}\n")
    operator.keys = folder
    return operator


def roles(keyed):
    return {row["role"]: row["number"] for row in keyed.run("keys", "list", "-f", "json").json()}


def test_without_a_folder_each_command_names_the_option(operator):
    for action in ("setup", "stage", "promote", "rewrite", "list"):
        assert "[keys] folder is not set" in one_sentence(operator.run("keys", action))


def test_a_folder_is_made_with_one_key_that_nobody_else_reads(keyed):
    assert keyed.run("keys", "setup").code == 0
    assert roles(keyed) == {"primary": 1}
    (key,) = keyed.keys.iterdir()
    assert stat.S_IMODE(key.stat().st_mode) & 0o227 == 0
    assert stat.S_IMODE(keyed.keys.stat().st_mode) & 0o007 == 0
    assert "has keys already" in one_sentence(keyed.run("keys", "setup"))


def test_a_new_key_is_staged_and_then_promoted(keyed):
    keyed.run("keys", "setup")
    keys = Keys(str(keyed.keys))
    old = keys.seal("hush")
    assert "no staged key" in one_sentence(keyed.run("keys", "promote"))
    assert keyed.run("keys", "stage").code == 0
    assert roles(keyed) == {"staged": 0, "primary": 1}
    assert "staged key already" in one_sentence(keyed.run("keys", "stage"))
    before = Keys(str(keyed.keys)).seal("hush")
    assert keyed.run("keys", "promote").code == 0
    assert roles(keyed) == {"old": 1, "primary": 2}
    assert [keys.open(token) for token in (old, before)] == ["hush", "hush"]
    new = keys.seal("hush")
    (keyed.keys / "1").unlink()
    fresh = Keys(str(keyed.keys))
    assert fresh.open(new) == "hush"
    with pytest.raises(Undecipherable):
        fresh.open(old)


def test_a_key_that_some_host_has_not_read_is_not_promoted(keyed):
    keyed.run("keys", "setup")
    (known,) = (row["fingerprint"] for row in keyed.run("keys", "list", "-f", "json").json())
    set_fact(keyed.database, "keys.nova-api-1", known)
    keyed.run("keys", "stage")
    said = one_sentence(keyed.run("keys", "promote"))
    assert "nova-api-1" in said
    assert roles(keyed)["staged"] == 0
    Keys(str(keyed.keys), lambda found: record_keys(keyed.database, found)).refresh()
    listed = keyed.run("keys", "list", "-f", "json").json()
    assert [len(row["hosts"]) for row in listed] == [1, 2]
    assert keyed.run("keys", "promote", "--force").code == 0


def test_every_secret_is_encrypted_with_the_new_key(keyed):
    keyed.run("keys", "setup")
    keys, menu = Keys(str(keyed.keys)), MenuStore(keyed.database)
    word = Entry("word", "variable", type="secret", default=Sealed(keys.seal("hush")))
    menu.publish(menu.of_project(CLOUD).cloud, [word])
    keyed.run("keys", "stage")
    keyed.run("keys", "promote")
    done = keyed.run("keys", "rewrite")
    assert (done.code, "1 secrets" in done.out, "Keys 1 are needed no more" in done.out) == (0, True, True)
    (keyed.keys / "1").unlink()
    sealed = menu.of_project(CLOUD).menu.menu.entries["word"].default
    assert Keys(str(keyed.keys)).open(sealed.token) == "hush"


def test_nothing_is_called_needless_while_a_host_encrypts_with_it(keyed):
    keyed.run("keys", "setup")
    keys = Keys(str(keyed.keys), lambda found: record_keys(keyed.database, found))
    keys.refresh()
    keyed.run("keys", "stage")
    keys.refresh()
    keyed.run("keys", "promote")  # the host has the key, and has not read that it is the primary
    said = one_sentence(keyed.run("keys", "rewrite"))
    assert "do not encrypt with the primary key yet" in said
    assert "needed no more" not in keyed.run("keys", "rewrite", "--force").out
    keys.refresh()
    done = keyed.run("keys", "rewrite")
    assert (done.code, "Keys 1 are needed no more" in done.out) == (0, True)


def test_what_a_request_brings_back_that_was_under_way_is_encrypted_too(keyed, monkeypatch):
    keyed.run("keys", "setup")
    keys, store = Keys(str(keyed.keys)), InstanceStore(keyed.database)
    one, copy = kept(choices={"word": Choice(value=Sealed(keys.seal("hush")))}), kept()
    for server in (one, copy):
        store.add(server, [])
    keyed.run("keys", "stage")
    keyed.run("keys", "promote")
    monkeypatch.setattr(keys_command.time, "sleep", lambda _: store.change(copy, one.choices, [], None))
    assert "2 secrets" in keyed.run("keys", "rewrite").out
    (keyed.keys / "1").unlink()
    read = store.get(copy.ref)
    assert Keys(str(keyed.keys)).open(read.choices["word"].value.token) == "hush"


def test_a_secret_of_a_key_that_is_not_there_stops_the_rewriting(keyed):
    keyed.run("keys", "setup")
    keys, menu = Keys(str(keyed.keys)), MenuStore(keyed.database)
    word = Entry("word", "variable", type="secret", default=Sealed(keys.seal("hush")))
    menu.publish(menu.of_project(CLOUD).cloud, [word])
    keyed.run("keys", "stage")
    keyed.run("keys", "promote")
    (keyed.keys / "1").unlink()
    assert "put that key back" in one_sentence(keyed.run("keys", "rewrite"))


def test_a_key_belongs_to_whom_the_folder_belongs(keyed):
    owner = (12345, 54321) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    keyed.keys.mkdir(mode=0o750)
    os.chown(keyed.keys, *owner)
    keyed.run("keys", "setup")
    about = (keyed.keys / "1").stat()
    assert (about.st_uid, about.st_gid, stat.S_IMODE(about.st_mode)) == (*owner, 0o440)


@pytest.mark.parametrize(("name", "content"), [("1", b"no key"), ("0", None)])
def test_a_folder_that_holds_something_else_is_said_to(tmp_path: Path, name, content):
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / name).write_bytes(content or Fernet.generate_key())
    with pytest.raises(ConfigError):
        Keys(str(folder)).seal("x")


def test_what_is_no_key_is_left_aside(keyed):
    keyed.run("keys", "setup")
    (keyed.keys / "README").write_text("not a key")
    assert Keys(str(keyed.keys)).open(Keys(str(keyed.keys)).seal("gr\u00fcn \U0001f600")) == "gr\u00fcn \U0001f600"


def test_without_keys_nothing_is_encrypted_and_nobody_stumbles(tmp_path: Path):
    for keys in (Keys(None), Keys(str(tmp_path / "nowhere")), Keys(str(tmp_path))):
        keys.refresh()
        with pytest.raises(NoKeys):
            keys.seal("x")
        with pytest.raises(NoKeys):
            keys.open("x")


@pytest.mark.parametrize("token", ["", "x", "gAAAA", "\u00e4", "a" * 10000])
def test_what_is_no_secret_is_no_secret(keyed, token):
    keyed.run("keys", "setup")
    with pytest.raises(Undecipherable):
        Keys(str(keyed.keys)).open(token)
