"""``config check`` on the keys by which secrets are encrypted: here, and on the other hosts."""

from __future__ import annotations

import os
import shutil

import pytest
from cryptography.fernet import Fernet

from glance_related.db.facts import set_fact
from glance_related.package_menu.entry import Entry, Sealed
from glance_related.package_menu.store import CLOUD, MenuStore
from glance_related.settings.keys import Keys, describe, fingerprint
from glance_related.suite import record_keys, recorded_keys, this_host
from tests.unit.cmd.test_check_doors import paste
from tests.unit.cmd.test_check_nova_paste import NOVA, OURS
from tests.unit.cmd.test_check_nova_paste import RIGHT as WITHOUT_MENU


@pytest.fixture
def keyed(operator):
    """An operator whose configuration names a folder of keys, which is there."""
    operator.keys = operator.folder / "keys"
    operator.write(f"{operator.conf.read_text()}[keys]\nfolder = {operator.keys}\n")
    assert operator.run("keys", "setup").code == 0
    operator.paste = operator.write(paste(door="", mount=""), "api-paste.ini")
    return operator


def found(operator, *words):
    done = operator.check(*words)
    return [code for code in done.codes() if code.startswith("keys.")], done


def served(keyed):
    """Nova's API has read the keys of this host."""
    record_keys(keyed.database, [key.fingerprint for key in describe(keyed.keys)])


def publish_secret(operator):
    store = MenuStore(operator.database)
    word = Entry("word", "variable", type="secret", default=Sealed("x"))
    store.publish(store.of_project(CLOUD).cloud, [word])


def test_keys_that_are_alike_everywhere_are_right(keyed):
    served(keyed)
    set_fact(keyed.database, "keys.another", recorded_keys(keyed.database)[this_host()][0])
    assert found(keyed, "--nova-paste", keyed.paste)[0] == []


# -- here


def test_without_secrets_that_there_are_no_keys_is_only_said(operator):
    words = ["--nova-paste", operator.write(paste(door="", mount=""), "api-paste.ini")]
    codes, done = found(operator, *words)
    assert (codes, done.codes("note")) == (["keys.none"], ["keys.none"])
    assert "glance-related-manage keys setup" in done.text("keys.none")
    publish_secret(operator)
    codes, done = found(operator, *words)
    assert codes == ["keys.not_set"]
    assert "there is a variable of type secret on the menu, which needs it" in done.text("keys.not_set")
    assert done.code == 1


def test_a_host_without_anything_of_the_menu_needs_no_keys(operator):
    assert found(operator)[0] == []
    publish_secret(operator)
    assert found(operator)[0] == ["keys.not_set"], "it may be a host of workers"
    glance = operator.write("[keystone_authtoken]\nservice_token_roles_required = true\n", "glance-api.conf")
    assert found(operator, "--glance-conf", glance)[0] == []
    assert found(operator, "--nova-paste", operator.write(NOVA.format(WITHOUT_MENU, WITHOUT_MENU) + OURS, "p"))[0] == []


def test_a_folder_that_is_not_there_is_an_error_where_it_is_read(keyed):
    shutil.rmtree(keyed.keys)
    for words in ((), ("--nova-paste", keyed.paste)):
        codes, done = found(keyed, *words)
        assert codes == ["keys.missing"]
        assert str(keyed.keys) in done.text("keys.missing")
        assert "copy the folder from a host that has them" in done.text("keys.missing")
        assert done.code == 1
    keyed.keys.mkdir()
    assert found(keyed)[0] == ["keys.missing"], "nor is an empty one of use"
    elsewhere = keyed.write(NOVA.format(WITHOUT_MENU, WITHOUT_MENU) + OURS, "other-paste.ini")
    assert found(keyed, "--nova-paste", elsewhere)[0] == [], "a compute host has none"


def test_keys_that_cannot_be_read_are_an_error(keyed):
    (keyed.keys / "2").mkdir()  # whatever a superuser may read, this is no file
    codes, done = found(keyed)
    assert codes == ["keys.wrong"]
    assert "cannot be read" in done.text("keys.wrong")
    (keyed.keys / "2").rmdir()
    (keyed.keys / "2").write_text("no key")
    assert "is no key" in found(keyed)[1].text("keys.wrong")


@pytest.mark.parametrize(
    ("folder", "key", "is_open"),
    [(0o755, 0o644, True), (0o751, 0o644, True), (0o750, 0o644, False), (0o755, 0o640, False), (0o752, 0o640, True)],
)
def test_keys_are_for_their_owner_and_group(keyed, folder, key, is_open):
    (keyed.keys / "1").chmod(key)
    keyed.keys.chmod(folder)
    codes, done = found(keyed)
    assert ("keys.readable_by_others" in codes) is is_open
    assert (done.code == 1) is is_open
    if is_open:
        assert f"chmod -R o= {keyed.keys}" in done.text("keys.readable_by_others")
    assert (keyed.keys / "1").read_text() not in done.out


# -- and elsewhere


def test_a_host_that_has_not_the_primary_key_is_an_error(keyed):
    served(keyed)
    set_fact(keyed.database, "keys.another", fingerprint(Fernet.generate_key()))
    codes, done = found(keyed, "--nova-paste", keyed.paste)
    assert codes == ["keys.different"]
    assert "host another has not the primary key of this host" in done.text("keys.different")
    set_fact(keyed.database, "keys.third", "")
    assert "hosts another, third have not the primary key" in found(keyed)[1].text("keys.different")
    assert done.code == 1
    for host in ("another", "third"):
        assert keyed.run("keys", "forget", host).code == 0
    assert found(keyed, "--nova-paste", keyed.paste)[0] == []
    assert keyed.run("keys", "forget", "another").code == 1


def test_a_staged_key_that_is_not_everywhere_yet_is_a_warning(keyed):
    served(keyed)
    set_fact(keyed.database, "keys.another", recorded_keys(keyed.database)[this_host()][0])
    keyed.run("keys", "stage")
    Keys(str(keyed.keys), lambda known: record_keys(keyed.database, known)).refresh()
    codes, done = found(keyed, "--nova-paste", keyed.paste)
    assert codes == ["keys.not_alike"] == [code for code in done.codes("warning") if code.startswith("keys.")]
    assert "host another has not just the keys" in done.text("keys.not_alike")
    keyed.run("keys", "promote", "--force")
    served(keyed)
    assert found(keyed, "--nova-paste", keyed.paste)[0] == ["keys.different"], "now it cannot read what is new"


def test_a_host_that_has_more_keys_than_this_one_is_a_warning(keyed):
    served(keyed)
    both = [*recorded_keys(keyed.database)[this_host()], fingerprint(Fernet.generate_key())]
    set_fact(keyed.database, "keys.another", ",".join(sorted(both)))
    assert found(keyed, "--nova-paste", keyed.paste)[0] == ["keys.not_alike"]


def test_keys_that_nothing_here_has_read_are_a_warning(keyed):
    codes, done = found(keyed, "--nova-paste", keyed.paste)
    assert codes == ["keys.unread"]
    assert "may read them" in done.text("keys.unread")
    served(keyed)
    assert found(keyed, "--nova-paste", keyed.paste)[0] == []
    os.rename(keyed.keys / "1", keyed.keys / "2")
    (keyed.keys / "1").write_bytes(Fernet.generate_key())
    assert found(keyed, "--nova-paste", keyed.paste)[0] == ["keys.unread"]
    assert found(keyed)[0] == [], "of a host without Nova it is not known whether anything reads them"
