"""``config check`` on the package menu: its filter, its drivers, and the workers that hand over."""

from __future__ import annotations

import datetime
import importlib.metadata
import sys

import pytest
from stevedore import ExtensionManager

from glance_related.db.facts import set_fact
from glance_related.db.models import utcnow
from glance_related.deliveries.delivery import Wish
from glance_related.deliveries.signs import SignsOfLife
from glance_related.deliveries.store import DeliveryStore
from glance_related.instance_aware.register import Installation
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.drivers.driver import PackageDriver
from glance_related.package_menu.entry import Entry
from glance_related.package_menu.started import record_at_nova
from glance_related.package_menu.store import CLOUD, MenuStore
from tests.unit.cmd.test_check_doors import paste
from tests.unit.cmd.test_check_nova_paste import NOVA as NOVAS_PASTE
from tests.unit.cmd.test_check_nova_paste import OURS, RIGHT

EAST = "11111111-2222-3333-4444-555555555555"
WEST = "99999999-8888-7777-6666-555555555555"
DRIVERS = "[package_menu]\npackage_management_driver = "
LDAP = (
    "[package_menu_ldap]\nurl = ldap://127.0.0.1:9\nbind_dn = cn=us\npassword = a-secret\nbase_dn = ou=x,dc=y\n"
    "timeout_seconds = 1\n"
)


@pytest.fixture
def configured(operator):
    """What the configuration says besides, and what is found of the menu then."""
    plain = operator.conf.read_text()

    def check(options, *words):
        operator.write(plain + options)
        done = operator.check(*words)
        return [code for code in done.codes() if code.startswith(("package_menu.", "worker."))], done

    return check


def publish(operator):
    store = MenuStore(operator.database)
    store.publish(store.of_project(CLOUD).cloud, [Entry("web", "package")])


# -- its filter


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("package_menu authtoken keystonecontext", "nova_paste.before_authtoken"),
        ("package_menu keystonecontext", "nova_paste.no_authtoken"),
        ("authtoken keystonecontext package_menu", "nova_paste.after_keystonecontext"),
        ("authtoken package_menu package_menu keystonecontext", "nova_paste.twice"),
    ],
)
def test_the_filter_in_the_wrong_place_is_an_error_in_each_pipeline(operator, words, code):
    done = operator.check("--nova-paste", operator.write(paste(words, door="", mount=""), "api-paste.ini"))
    assert [one for one in done.codes() if one.startswith("nova_paste.")] == [code, code]
    assert done.code == 1


def test_a_cloud_with_a_menu_has_its_filter_in_front_of_each_nova(operator):
    words = ["--nova-paste", operator.write(NOVAS_PASTE.format(RIGHT, RIGHT) + OURS, "api-paste.ini")]
    assert "nova_paste.no_package_menu" not in operator.check(*words).codes()
    publish(operator)
    done = operator.check(*words)
    assert done.codes("warning").count("nova_paste.no_package_menu") == 2
    assert "egg:glance_related#package_menu" in str(done.json())
    operator.write(paste(door="", mount=""), "api-paste.ini")
    assert "nova_paste.no_package_menu" not in operator.check(*words).codes()


def test_the_filter_alone_needs_what_lets_it_start(operator):
    words = ["--nova-paste", operator.write(paste(door="", mount=""), "api-paste.ini")]
    done = operator.check(*words)
    assert {"nova.no_installation", "riders.no_keys"} <= set(done.codes("error"))
    assert "nova-api does not start" in done.text("riders.no_keys")
    more = f"[instance_aware]\nnova_installation_uuid = {EAST}\n[riders]\nmark_keys = {'k' * 32}\n"
    operator.write(operator.conf.read_text() + more)
    assert "installation add" in operator.check(*words).text("nova.unknown_installation")
    operator.store.add_installation(Installation(EAST, "east", ("nova",), ()))
    assert not {"nova.no_installation", "nova.unknown_installation", "riders.no_keys"} & set(
        operator.check(*words).codes()
    )


# -- its drivers


def test_drivers_are_asked_where_the_menu_is_only(configured, operator):
    """The default is the driver file, and it has no folder."""
    words = ["--nova-paste", operator.write(NOVAS_PASTE.format(RIGHT, RIGHT) + OURS, "api-paste.ini")]
    assert configured("", *words)[0] == []
    assert configured("")[0] == []
    publish(operator)
    assert "package_menu.driver_wrong" not in configured("", *words)[0], "nothing of it is on this host"
    assert "package_menu.driver_wrong" in configured("")[0], "it may be a host of workers"
    assert "package_menu.driver_wrong" in configured("[package_menu]\n", *words)[0]
    operator.write(paste(door="", mount=""), "api-paste.ini")
    done = configured("", *words)[1]
    assert "[package_menu_file] folder is not set" in done.text("package_menu.driver_wrong")
    assert "package_menu.driver_wrong" in done.codes("error")


def test_what_a_driver_says_of_itself_is_told(configured, operator):
    folder = operator.folder / "out"
    codes, done = configured(f"[package_menu_file]\nfolder = {folder}\n")
    assert codes == ["package_menu.driver"]
    text = done.text("package_menu.driver")
    assert text == f"driver file, asked on this host: The folder {folder} does not exist; create it for the user of " \
        "glance-related-worker."  # fmt: skip
    assert "package_menu.driver" in done.codes("warning")
    folder.mkdir()
    assert configured(f"[package_menu_file]\nfolder = {folder}\n")[0] == []


def test_each_driver_is_asked_whatever_is_wrong_with_the_others(configured, operator):
    codes, done = configured(
        f"{DRIVERS}nothing, ldap, file\n[package_menu_file]\nfolder = {operator.folder}/out\n{LDAP}"
    )
    assert codes == ["package_menu.driver_wrong", *["package_menu.driver"] * (len(codes) - 1)]
    assert "names nothing, which is not installed" in done.text("package_menu.driver_wrong")
    said = [row["text"] for row in done.json() if row["code"] == "package_menu.driver"]
    assert any(one.startswith("driver ldap") and "127.0.0.1" in one for one in said)
    assert any(one.startswith("driver file") for one in said)
    assert "a-secret" not in done.out


def test_a_driver_without_its_extra_is_an_error_that_names_it(configured, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "ldap3"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ldap3", None)
    codes, done = configured(f"{DRIVERS}ldap\n{LDAP}")
    assert codes == ["package_menu.driver_wrong"]
    assert "glance_related[ldap]" in done.text("package_menu.driver_wrong")
    assert done.code == 1


class Broken(PackageDriver):
    """A driver that somebody else has written."""

    def configure_packages(self, instance, packages, variables):
        raise NotImplementedError

    def remove(self, instance):
        raise NotImplementedError

    def check(self):
        raise ZeroDivisionError("a-secret")


def test_a_driver_that_fails_over_the_question_hides_nothing_else(configured, monkeypatch, tmp_path):
    (tmp_path / "foreign-1.dist-info").mkdir()
    (tmp_path / "foreign-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1\n")
    (tmp_path / "foreign-1.dist-info" / "entry_points.txt").write_text(
        f"[glance_related.package_management_drivers]\nforeign = {__name__}:Broken\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(ExtensionManager, "ENTRY_POINT_CACHE", {})
    assert importlib.metadata.version("foreign") == "1"
    codes, done = configured(f"{DRIVERS}foreign, file\n[package_menu_file]\nfolder = {tmp_path}/out\n")
    assert codes == ["package_menu.driver_failed", "package_menu.driver"]
    assert "driver foreign failed with ZeroDivisionError" in done.text("package_menu.driver_failed")
    assert "a-secret" not in done.out


# -- its workers


@pytest.fixture
def served(operator, configured):
    """A Nova with the menu in front of it, and what is found of its workers."""
    operator.store.add_installation(Installation(EAST, "east", ("nova",), ()))
    record_at_nova(operator.database, EAST, ["file"])
    (operator.folder / "out").mkdir()

    def check(options=""):
        codes, done = configured(f"[package_menu_file]\nfolder = {operator.folder}/out\n{options}")
        return codes, done

    return check


def ago(**past):
    return (utcnow() - datetime.timedelta(**past)).isoformat()


def test_a_menu_without_a_worker_is_an_error_that_says_what_waits(operator, served):
    codes, done = served()
    assert codes == ["worker.none"]
    assert "no glance-related-worker was ever at work" in done.text("worker.none")
    assert "(0 deliveries wait)" in done.text("worker.none")
    assert done.code == 1
    wishes = [Wish(InstanceRef(EAST, "i"), "package_menu", driver, "p", 1) for driver in ("file", "ldap")]
    DeliveryStore(operator.database).add(wishes)
    assert "(1 delivery waits)" in served()[1].text("worker.none"), "nobody has started with the driver ldap"
    record_at_nova(operator.database, WEST, ["ldap"])
    assert "(2 deliveries wait)" in served()[1].text("worker.none")


def test_a_worker_that_has_left_no_sign_for_long_is_none(operator, served):
    set_fact(operator.database, f"package_menu.looked.{EAST}", ago(minutes=1))
    for past, said in (({"minutes": 11}, "11 minutes old"), ({"hours": 3}, "3 hours old"), ({"days": 4}, "4 days old")):
        set_fact(operator.database, "worker.controller-2", ago(**past))
        codes, done = served()
        assert codes == ["worker.none"]
        assert f"the last sign of a glance-related-worker, on controller-2, is {said}" in done.text("worker.none")
    set_fact(operator.database, "worker.controller-1", ago(minutes=8))
    assert served()[0] == []


def test_a_worker_that_looks_around_is_right(operator, served):
    SignsOfLife(operator.database).chores()
    set_fact(operator.database, f"package_menu.looked.{EAST}", ago(seconds=70))
    assert served()[0] == []


def test_a_nova_that_nobody_has_looked_around_in_is_a_warning_that_names_it(operator, served):
    SignsOfLife(operator.database).chores()
    codes, done = served()
    assert codes == ["worker.not_looked"]
    assert "of Nova 'east' nobody has ever looked around" in done.text("worker.not_looked")
    assert "[account]" in done.text("worker.not_looked")
    set_fact(operator.database, f"package_menu.looked.{EAST}", ago(minutes=6))
    assert "the last look around is 6 minutes old" in served()[1].text("worker.not_looked")
    assert "worker.not_looked" in served()[1].codes("warning")
    assert served("[package_menu]\nlook_around_seconds = 120\n")[0] == [], "so often it looks, and not more often"


def test_a_nova_without_the_menu_is_looked_around_in_by_nobody(operator, served):
    SignsOfLife(operator.database).chores()
    set_fact(operator.database, f"package_menu.looked.{EAST}", ago(seconds=1))
    operator.store.add_installation(Installation(WEST, "west", ("nova-west",), ()))
    assert served()[0] == []
    record_at_nova(operator.database, WEST, ["ldap"])
    assert "of Nova 'west'" in served()[1].text("worker.not_looked")


def test_a_cloud_without_a_menu_needs_no_worker(configured):
    assert configured("")[0] == []
