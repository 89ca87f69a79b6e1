"""``config check`` on Nova's side: its configuration, which installation it is, and its users."""

from __future__ import annotations

import pytest

from glance_related.instance_aware.register import Installation
from tests.unit.cmd.test_check_nova_paste import RIGHT, nova
from tests.unit.hosts.services import Services

EAST = "11111111-2222-3333-4444-555555555555"
WEST = "99999999-8888-7777-6666-555555555555"
KEY = "a key that both of the sides have"
GOOD = """
[keystone_authtoken]
auth_type = password
user_id = nova-east
password = a-secret
[service_user]
send_service_user_token = true
auth_section = keystone_authtoken
"""


class NovaHost:
    """A host with Nova's files and ours: `check` with another text in one of them."""

    def __init__(self, operator):
        self.operator = operator
        self.ours = operator.conf.read_text()
        self.store = operator.store

    def check(self, conf=GOOD, *words, paste=None, ours=None):
        said = f"[instance_aware]\nnova_installation_uuid = {EAST}\n" if ours is None else ours
        self.operator.write(f"{self.ours}{said}[riders]\nmark_keys = {KEY}\n")
        self.operator.write(paste or nova(RIGHT), "api-paste.ini")
        return self.operator.check("--nova-conf", self.operator.write(conf, "nova.conf"), *words)


@pytest.fixture
def host(operator):
    operator.store.add_installation(Installation(EAST, "east", ("nova-east",), ("scheduler",)))
    return NovaHost(operator)


def of_nova(done):
    return [code for code in done.codes() if code.startswith(("nova.", "nova_paste."))]


def test_a_good_nova_has_no_mistake(host):
    done = host.check()
    assert of_nova(done) == []
    assert done.codes("error") == []
    assert done.code == 0


def test_a_host_that_has_nova_alone_is_not_asked_for_glances_files(host):
    assert not [code for code in host.check().codes() if code.startswith(("glance.", "paste."))]


def test_nova_is_found_where_nova_looks(host, operator, monkeypatch):
    host.check(GOOD.replace("= true", "= false"))
    monkeypatch.setenv("OS_NOVA_CONFIG_DIR", str(operator.folder))
    found = operator.check()
    assert of_nova(found) == ["nova.service_token_not_sent"]
    assert "glance.no_conf" not in found.codes()
    operator.write(nova("authtoken keystonecontext instance_aware_nova"), "paste-of-mine.ini")
    monkeypatch.setenv("OS_NOVA_CONFIG_FILES", "paste-of-mine.ini;nova.conf")
    assert "nova_paste.after_keystonecontext" in of_nova(operator.check())


def test_a_host_without_nova_is_not_asked_for_it(operator):
    assert of_nova(operator.check()) == []


def test_the_paste_file_is_the_one_that_the_configuration_names(host, operator):
    moved = operator.write(nova("instance_aware_nova authtoken keystonecontext"), "elsewhere.ini")
    assert "nova_paste.before_authtoken" in of_nova(host.check(f"{GOOD}[wsgi]\napi_paste_config = {moved}\n"))


def test_a_paste_file_that_is_not_there_is_a_warning(host):
    done = host.check(f"{GOOD}[wsgi]\napi_paste_config = none.ini\n")
    assert of_nova(done) == ["nova_paste.not_found"]
    assert done.code == 0


@pytest.mark.parametrize("line", ["", "send_service_user_token = false"])
def test_a_service_token_that_is_not_sent_is_an_error(host, line):
    done = host.check(GOOD.replace("send_service_user_token = true", line))
    assert of_nova(done) == ["nova.service_token_not_sent"]
    assert "set it to true" in done.text("nova.service_token_not_sent")
    assert done.code == 1


def test_a_service_token_of_nobody_is_an_error(host):
    done = host.check(GOOD.replace("auth_section = keystone_authtoken", ""))
    assert of_nova(done) == ["nova.no_service_user"]
    assert done.code == 1


def test_a_later_file_has_the_last_word(host, operator):
    more = operator.write("[service_user]\nsend_service_user_token = false\n", "more.conf")
    assert of_nova(host.check(GOOD, "--nova-conf", more)) == ["nova.service_token_not_sent"]
    (operator.folder / "nova.conf.d").mkdir()
    operator.write("[service_user]\nsend_service_user_token = false\n", "nova.conf.d/50-mine.conf")
    assert of_nova(host.check()) == ["nova.service_token_not_sent"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[service_user]\npassword a-secret\n", "line 2"),
        (GOOD.replace("= true", "= perhaps a-secret"), "send_service_user_token"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_one_sentence_without_its_lines(host, text, said):
    done = host.check(text)
    assert said in done.text("nova.conf_wrong")
    assert "a-secret" not in done.out
    assert done.code == 1


def test_a_configuration_that_is_not_there_is_one_sentence(operator):
    done = operator.check("--nova-conf", "/nowhere.conf")
    assert "--nova-conf" in done.text("nova.conf_wrong")
    assert done.code == 1


# -- which installation


def test_an_installation_that_is_not_set_is_an_error(host):
    done = host.check(ours="")
    assert of_nova(done) == ["nova.no_installation"]
    assert "generate-installation-uuid --register" in done.text("nova.no_installation")
    assert done.code == 1


def test_an_installation_that_nobody_registered_is_an_error(host):
    done = host.check(ours=f"[instance_aware]\nnova_installation_uuid = {WEST}\n")
    assert of_nova(done) == ["nova.unknown_installation"]
    assert f"installation add {WEST}" in done.text("nova.unknown_installation")
    assert done.code == 1


def test_a_nova_without_the_filter_need_not_know_which_one_it_is(host):
    done = host.check(ours="", paste=nova("authtoken keystonecontext", ours=""))
    assert of_nova(done) == ["nova_paste.no_section"]
    assert done.code == 0


# -- users


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("stranger", "is no service user of installation 'east', so"),
        ("scheduler", "(it is a trusted program of 'east')"),
        ("nova-west", "(it is a service user of 'west')"),
    ],
)
def test_a_user_that_is_not_registered_is_an_error_that_names_the_command(host, user, said):
    host.store.add_installation(Installation(WEST, "west", ("nova-west",), ()))
    done = host.check(GOOD.replace("nova-east", user))
    assert of_nova(done) == ["nova.user_not_registered"]
    text = done.text("nova.user_not_registered")
    assert said in text
    assert "[keystone_authtoken] and [service_user]" in text
    assert f"installation add {EAST} --name east --service-user {user}" in text
    assert done.code == 1


def test_each_section_may_have_a_user_of_its_own_and_both_are_looked_at(host):
    own = GOOD.replace("auth_section = keystone_authtoken", "auth_type = password\nuser_id = nova-compute")
    text = host.check(own).text("nova.user_not_registered")
    assert "user nova-compute of [service_user] in" in text
    host.store.add_installation(Installation(EAST, "east", ("nova-compute",), ()))
    assert of_nova(host.check(own)) == []


def test_without_the_filter_a_user_of_any_installation_will_do(host):
    host.store.add_installation(Installation(WEST, "west", ("nova-west",), ()))
    stock = nova("authtoken keystonecontext", ours="")
    usual = ["nova_paste.no_section"]
    assert of_nova(host.check(GOOD.replace("nova-east", "nova-west"), paste=stock, ours="")) == usual
    done = host.check(GOOD.replace("nova-east", "stranger"), paste=stock, ours="")
    assert of_nova(done) == [*usual, "nova.user_not_registered"]
    assert "of any installation" in done.text("nova.user_not_registered")


BY_NAME = GOOD.replace("user_id = nova-east", "username = nova\nuser_domain_name = Default")


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        (BY_NAME, "[account] is not set"),
        (GOOD.replace("user_id = nova-east", ""), "neither username nor user_id"),
    ],
)
def test_a_user_that_cannot_be_looked_up_is_a_warning(host, conf, said):
    done = host.check(conf)
    assert of_nova(done) == ["nova.user_unchecked"]
    assert said in done.text("nova.user_unchecked")
    assert done.code == 0


class TestByName:
    """Names are made ids by a Keystone."""

    @pytest.fixture
    def keystone(self, host):
        services = Services()
        services.replies["/v3/domains?name=Default"] = (200, {}, {"domains": [{"id": "default"}]})
        host.ours += (
            f"[account]\nauth_type = v3password\nauth_url = {services.url}/v3\nusername = u\npassword = p\n"
            "project_name = p\nuser_domain_name = Default\nproject_domain_name = Default\ntimeout = 2\n"
        )
        yield services
        services.stop()

    @pytest.mark.parametrize(
        ("status", "users", "codes"),
        [
            (200, ["nova-east"], []),
            (200, ["nova-new"], ["nova.user_not_registered"]),
            (200, [], ["nova.no_such_user"]),
            (200, ["one", "two"], ["nova.user_unchecked"]),
            (403, [], ["nova.user_unchecked"]),
        ],
    )
    def test_a_name_is_what_keystone_says_it_is(self, host, keystone, status, users, codes):
        asked = "/v3/users?name=nova&domain_id=default"
        keystone.replies[asked] = (status, {}, {"users": [{"id": user} for user in users]})
        assert of_nova(host.check(BY_NAME)) == codes
        assert keystone.paths().count(asked) == 1

    def test_a_keystone_that_refuses_the_account_is_a_warning_without_the_password(self, host, keystone):
        keystone.replies["/v3/auth/tokens"] = (401, {}, {"error": {"code": 401, "message": "no"}})
        done = host.check(BY_NAME)
        assert "refuses the account" in done.text("nova.user_unchecked")
