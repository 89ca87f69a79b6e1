"""``config check`` on a real cloud: nothing to say of what works, and the mistake where there is one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def check(nova_cloud):
    """What is found on Nova's hosts (code and text), with the files of theirs or with others in their place."""

    def run(conf=None, paste=None, ours=None):
        site = nova_cloud.compute.sites[0]
        return found(
            ours or site.suite.conf,
            "--nova-conf", conf or nova_cloud.nova.conf,
            "--nova-paste", paste or nova_cloud.nova.api.etc / "api-paste.ini",
        )  # fmt: skip

    return run


def found(suite_conf, *words):
    command = Path(sys.executable).with_name("glance-related-manage")
    argv = [command, "--config-file", suite_conf, "config", "check", *words, "-f", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    rows = {row["code"]: row["text"] for row in json.loads(done.stdout)}
    assert done.returncode == any(row["severity"] == "error" for row in json.loads(done.stdout)), done.stderr
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
    paste = changed(
        nova_cloud.nova.api.etc / "api-paste.ini",
        "instance_aware_nova keystonecontext legacy_v2_compatible",
        "keystonecontext legacy_v2_compatible",
    )
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


def test_a_service_token_that_is_not_sent_is_found(nova_cloud, check, changed):
    conf = changed(nova_cloud.nova.conf, "send_service_user_token = true", "send_service_user_token = false")
    assert set(check(conf=conf)) == {"nova.service_token_not_sent"}
