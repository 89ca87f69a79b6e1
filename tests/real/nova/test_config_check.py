"""``config check`` on a real cloud: nothing to say of what works, and the mistake where there is one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from cloud.paste import IN_NOVA
from tests.real.clients.people import cli
from tests.servers.ports import free_port


@pytest.fixture
def check(nova_cloud):
    """What is found on Nova's hosts (code and text), with the files of theirs or with others in their place."""

    assert nova_cloud.worker.pid, "a cloud that works has one"

    def run(conf=None, paste=None, ours=None):
        site = nova_cloud.compute.sites[0]
        return found(
            ours or site.suite.conf,
            "--nova-conf", conf or nova_cloud.nova.conf,
            "--nova-paste", paste or nova_cloud.nova.api.etc / "api-paste.ini",
        )  # fmt: skip

    nova_cloud.wait_for(lambda: not [code for code in run() if code.startswith("worker.")], "no worker is at work")
    return run


def found(suite_conf, *words):
    """Code and text of everything that is found wrong; that there is no TLS on the loopback is not."""
    rows = [row for row in said(suite_conf, *words) if row["severity"] != "note"]
    return {row["code"]: row["text"] for row in rows if row["code"] != "page.insecure_cookie"}


def said(suite_conf, *words):
    """All that the command says."""
    command = Path(sys.executable).with_name("glance-related-manage")
    argv = [command, "--config-file", suite_conf, "config", "check", *words, "-f", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    rows = json.loads(done.stdout)
    assert done.returncode == any(row["severity"] == "error" for row in rows), done.stderr
    return rows


@pytest.fixture
def changed(tmp_path):
    """A copy of a file with one text of it replaced."""

    def write(file, old, new):
        text = Path(file).read_text()
        assert old in text
        copy = tmp_path / Path(file).name
        copy.write_text(text.replace(old, new))
        copy.chmod(0o600)
        return copy

    return write


def test_nothing_is_found_on_either_side_of_a_cloud_that_works(nova_cloud, check):
    assert check() == {}
    assert found(nova_cloud.suite.conf, "--glance-conf", nova_cloud.glance.etc / "glance-api.conf") == {}


def test_a_filter_that_was_taken_out_of_one_way_into_nova_is_found(nova_cloud, check, changed):
    way = "keystonecontext legacy_v2_compatible"
    paste = changed(nova_cloud.nova.api.etc / "api-paste.ini", f"{' '.join(IN_NOVA)} {way}", way)
    assert set(check(paste=paste)) == {"nova_paste.missing"}


def test_a_user_that_keystone_knows_and_nobody_registered_is_found_by_his_name(nova_cloud, check, changed):
    conf = changed(nova_cloud.nova.conf, "username = nova\n", "username = alice\n")
    rows = check(conf=conf)
    assert set(rows) == {"nova.user_not_registered"}
    assert f"user {nova_cloud.accounts.users['alice']} of [" in rows["nova.user_not_registered"]
    nobody = changed(nova_cloud.nova.conf, "username = nova\n", "username = nobody-here\n")
    assert set(check(conf=nobody)) == {"nova.no_such_user"}


def test_other_keys_than_those_in_front_of_glance_are_found(nova_cloud, check, changed):
    site = nova_cloud.compute.sites[0]
    ours = changed(site.suite.conf, site.suite.mark_key, "another key of at least thirty-two characters")
    assert "riders.different_keys" in check(ours=ours)


def test_of_two_novas_the_one_that_has_started_with_other_keys_is_named(nova_cloud, check, changed):
    nova, site = nova_cloud.nova2, nova_cloud.compute.sites[1]
    ours = changed(site.suite.conf, site.suite.mark_key, "another key of at least thirty-two characters")
    wrong = nova.extra_api("nova2-of-other-keys", free_port(), filters="instance_aware_nova", suite_conf=ours)
    try:
        wrong.start()
        wrong.stop()
        rows = check()
        assert set(rows) == {"riders.different_keys"}
        assert "in front of Nova 'nova2' is not" in rows["riders.different_keys"]
    finally:
        nova.api.stop()
        nova.api.start()
    assert check() == {}


def test_a_service_token_that_is_not_sent_is_found(nova_cloud, check, changed):
    conf = changed(nova_cloud.nova.conf, "send_service_user_token = true", "send_service_user_token = false")
    assert set(check(conf=conf)) == {"nova.service_token_not_sent"}


def test_a_nova_without_the_role_service_is_found_and_the_command_that_is_named_mends_it(nova_cloud, check):
    user = nova_cloud.accounts.user("nova-without-role", "service", ("admin",))
    installation = str(uuid.uuid4())
    nova_cloud.suite.add_installation(installation, "without-role", [user])
    try:
        rows = check()
        assert set(rows) == {"installation.no_service_role"}
        assert f"user {user} of installation 'without-role'" in rows["installation.no_service_role"]
        (command,) = re.findall(r"run 'openstack ([^']*)'", rows["installation.no_service_role"])
        cli(nova_cloud, nova_cloud.glance, "admin", *command.split())
        assert check() == {}
    finally:
        assert nova_cloud.suite.manage("installation", "remove", installation).returncode == 0


def test_an_account_that_keystone_does_not_tell_of_roles_is_one_note(nova_cloud, check, changed):
    passwords = nova_cloud.keystone.passwords
    conf = changed(nova_cloud.suite.conf, "username = glance-related\n", "username = scheduler\n")
    conf = changed(conf, f"password = {passwords['glance-related']}\n", f"password = {passwords['scheduler']}\n")
    rows = said(conf, "--glance-conf", nova_cloud.glance.etc / "glance-api.conf")
    (unchecked,) = [row for row in rows if row["code"].startswith("installation.")]
    assert (unchecked["code"], unchecked["severity"]) == ("installation.roles_unchecked", "note")


def test_it_says_by_whose_table_image_properties_are_judged(nova_cloud):
    """That of the Nova which is installed beside the filter, not of the copy that is shipped."""
    rows = said(nova_cloud.suite.conf, "--glance-conf", nova_cloud.glance.etc / "glance-api.conf")
    (note,) = [row for row in rows if row["code"] == "overrides.properties" and "Nova 'nova'" in row["text"]]
    assert "nova 34." in note["text"]
    assert "installed" in note["text"]
