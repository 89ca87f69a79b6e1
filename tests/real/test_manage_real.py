"""``glance-related-manage`` against a real Keystone and a real Glance with the filter, as an operator runs it."""

from __future__ import annotations

import json
import shutil
import sqlite3
import uuid
from contextlib import closing

import pytest

from cloud.secret import write_private
from cloud.suite import Suite


@pytest.fixture
def old_rows(cloud):
    """Rows that are old enough for ``reconcile`` to look at, those of other tests included."""

    def age():
        earlier = "strftime('%Y-%m-%d %H:%M:%S.000000', created_at, '-2 hours')"  # as SQLAlchemy writes a time
        with closing(sqlite3.connect(cloud.suite.database_file, timeout=30)) as ours, ours:
            for table in ("image_instances", "pending_images"):
                ours.execute(f"update glance_related_{table} set created_at = {earlier}")

    return age


@pytest.fixture
def glance(cloud):
    """The Glance that the catalog leads to."""
    return cloud.glance("gunicorn")


@pytest.fixture
def operator(cloud, tmp_path):
    """The suite's configuration in another place, with some lines changed: an operator's mistakes."""

    def changed(*changes):
        suite = Suite(tmp_path, cloud.venv, cloud.keystone)
        text = cloud.suite.conf.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        write_private(suite.conf, text)
        return suite

    return changed


def reconcile(suite, *words):
    done = suite.manage("reconcile", *words, "-f", "json")
    return done, json.loads(done.stdout) if done.stdout else None


# -- reconcile


def test_a_row_whose_image_is_gone_is_swept_and_hidden_and_private_ones_stay(cloud, glance, old_rows):
    private = cloud.bound(glance, "alice", "i-swept", visibility="private")
    hidden = cloud.bound(glance, "bob", "i-swept", os_hidden=True)
    community = cloud.bound(glance, "bob", "i-swept", visibility="community")
    gone = cloud.bound(glance, "alice", "i-swept")
    with closing(sqlite3.connect(glance.database_file, timeout=30)) as theirs, theirs:  # past our filter
        theirs.execute("update images set deleted = 1, status = 'deleted' where id = ?", (gone,))
    old_rows()
    dry, report = reconcile(cloud.suite, "--dry-run")
    assert (dry.returncode, report["swept"]) == (0, 1)
    assert cloud.stored(gone) == (cloud.installation, "i-swept")
    done, report = reconcile(cloud.suite)
    assert (done.returncode, done.stderr, report["swept"], report["stopped"]) == (0, "", 1, None)
    assert cloud.stored(gone) is None
    for image_id in (private, hidden, community):
        assert cloud.stored(image_id) == (cloud.installation, "i-swept")
    assert reconcile(cloud.suite)[1]["swept"] == 0


def test_what_a_crash_left_is_finished(cloud, glance, old_rows):
    made = str(uuid.uuid4())
    cloud.image(glance, "alice", id=made)
    others = str(uuid.uuid4())
    cloud.image(glance, "bob", id=others)
    nothing = str(uuid.uuid4())
    with closing(sqlite3.connect(cloud.suite.database_file, timeout=30)) as ours, ours:
        for image_id in (made, others, nothing):
            ours.execute(
                "insert into glance_related_pending_images values (?, ?, ?, ?, ?, datetime('now'))",
                (str(uuid.uuid4()), image_id, cloud.project("alice"), cloud.installation, "i-crash"),
            )
    old_rows()
    done, report = reconcile(cloud.suite)
    assert (done.returncode, report["confirmed"], report["abandoned"], report["left"]) == (0, 1, 2, 0)
    assert cloud.stored(made) == (cloud.installation, "i-crash")
    assert cloud.stored(others) is None
    assert [cloud.pending(image_id) for image_id in (made, others, nothing)] == [[], [], []]
    assert made in cloud.ids(glance, "alice", "?instance_id=i-crash")


def test_native_tuples_from_before_the_filter_are_taken_over(cloud, glance, stock):
    mine = cloud.image(stock, "alice", **cloud.tuple("i-native"))
    foreign = cloud.image(stock, "alice", **cloud.tuple("i-native", str(uuid.uuid4())))
    half = cloud.image(stock, "alice", instance_id="i-native")
    assert cloud.ids(glance, "alice", "?instance_id=i-native") == []
    counted = cloud.suite.manage("config", "check", "--glance-database", glance.database, "-f", "json")
    assert "strangers.importable" in counted.stdout
    done, report = reconcile(cloud.suite, "--import", "--glance-conf", str(glance.etc / "glance-api.conf"))
    assert done.returncode == 0
    assert report["imported"] >= 1  # other tests leave natives behind, too
    assert report["not_imported"]["unregistered"] >= 1
    assert report["not_imported"]["half"] >= 1
    assert cloud.ids(glance, "alice", "?instance_id=i-native") == [mine]
    assert cloud.stored(foreign) is None
    assert cloud.stored(half) is None
    assert cloud.native(mine) == cloud.tuple("i-native")  # Glance's own tables stay as they were
    assert reconcile(cloud.suite, "--import", "--glance-database", glance.database)[1]["imported"] == 0


def test_import_without_a_database_of_glances_is_one_sentence(cloud, glance):
    done, _ = reconcile(cloud.suite, "--import")
    assert done.returncode == 1
    assert "--glance-database" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("who", "said"),
    [("scheduler", "administrator"), ("glance", "administrator")],
    ids=["a service that is a member", "a service that is nothing else"],
)
def test_an_account_that_is_no_administrator_removes_nothing(cloud, glance, operator, old_rows, who, said):
    image_id = cloud.bound(glance, "alice", "i-safe")
    old_rows()
    passwords = cloud.keystone.passwords
    suite = operator(("username = glance-related", f"username = {who}"), (passwords["glance-related"], passwords[who]))
    done, _ = reconcile(suite)
    assert done.returncode == 1
    assert said in done.stderr
    assert "nothing was changed" in done.stderr
    assert cloud.stored(image_id) == (cloud.installation, "i-safe")


def test_a_glance_with_another_database_removes_nothing(cloud, glance, operator, tmp_path):
    copy = tmp_path / "copy.sqlite"
    shutil.copy(cloud.suite.database_file, copy)
    with closing(sqlite3.connect(copy)) as ours, ours:
        ours.execute("update glance_related_facts set value = ? where name = 'database_id'", (str(uuid.uuid4()),))
        ours.execute("update glance_related_image_instances set created_at = '2020-01-01 00:00:00'")
        rows = ours.execute("select count(*) from glance_related_image_instances").fetchone()
    suite = operator((str(cloud.suite.database_file), str(copy)))
    done, _ = reconcile(suite)
    assert done.returncode == 1
    assert "another database" in done.stderr
    with closing(sqlite3.connect(copy)) as ours:
        assert ours.execute("select count(*) from glance_related_image_instances").fetchone() == rows


def test_a_glance_without_the_filter_removes_nothing(cloud, stock, operator):
    suite = operator(("[account]", f"[account]\nglance_endpoint = {stock.url}"))
    done, _ = reconcile(suite)
    assert done.returncode == 1
    assert "not in its pipeline" in done.stderr


# -- config check


def check(suite, *words):
    done = suite.manage("config", "check", *words, "-f", "json")
    assert done.stderr == ""
    return done.returncode, {row["code"]: row for row in json.loads(done.stdout)}


def errors(found):
    return [code for code, row in found.items() if row["severity"] == "error"]


def test_a_strict_glance_as_it_is_installed_has_no_error(cloud):
    glance = cloud.glance("strict-gunicorn")
    code, found = check(cloud.suite, "--glance-conf", str(glance.etc / "glance-api.conf"))
    assert (code, errors(found)) == (0, [])
    assert not [one for one in found if one.startswith(("account.", "paste.", "installation."))]


def test_a_glance_that_does_not_require_service_tokens_is_found(cloud, glance):
    code, found = check(cloud.suite, "--glance-conf", str(glance.etc / "glance-api.conf"))
    assert (code, errors(found)) == (1, ["glance.service_tokens_not_required"])


def test_a_stock_glance_is_found_to_have_no_filter(cloud, stock):
    code, found = check(cloud.suite, "--glance-conf", str(stock.etc / "glance-api.conf"))
    assert code == 1
    assert "paste.no_section" in errors(found)


def test_a_wrong_password_is_found_and_not_shown(cloud, operator):
    suite = operator((cloud.keystone.passwords["glance-related"], "not-the-password"))
    code, found = check(suite)
    assert (code, errors(found)) == (1, ["account.wrong"])
    assert "not-the-password" not in json.dumps(found)


def test_an_account_that_is_no_administrator_is_found(cloud, glance, operator):
    passwords = cloud.keystone.passwords
    suite = operator(
        ("username = glance-related", "username = scheduler"),
        (passwords["glance-related"], passwords["scheduler"]),
    )
    code, found = check(suite)
    assert (code, errors(found)) == (1, ["account.not_believed"])


def test_a_registered_user_whom_keystone_does_not_know_is_found(cloud, glance):
    installation = str(uuid.uuid4())
    cloud.suite.add_installation(installation, "with-a-name-for-an-id", ["nova-by-name"])
    try:
        code, found = check(cloud.suite)
        assert "nova-by-name" in found["installation.no_such_user"]["text"]
        assert (code, errors(found)) == (0, [])
    finally:
        assert cloud.suite.manage("installation", "remove", installation).returncode == 0


def test_show_reads_the_running_glances_own_paste_file(cloud, glance):
    done = cloud.suite.manage("show", "pipelines", "--glance-conf", str(glance.etc / "glance-api.conf"), "-f", "json")
    pipelines = {row["pipeline"]: row["ours"] for row in json.loads(done.stdout)["pipelines"]}
    assert pipelines["[composite:api] keystone"] == ["instance_aware"]
    assert pipelines["[composite:api] default"] == []
