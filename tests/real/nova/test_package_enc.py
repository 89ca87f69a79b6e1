"""Puppet asks an unmodified Nova, as somebody who may ask nothing else: ``glance-related-enc`` on the real cloud."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from glance_related.cmd import enc
from tests.real.nova.driven import ENTRIES, Classifier, Driven, classes_of, resource, web_puppet
from tests.real.nova.nova_cloud import NovaCloud
from tests.servers import MissingProgram
from tests.servers.puppet import LoadedPuppet, catalog_of

#: What the credential may be used for, in the words of the program's own manual.
NODE_ONLY: list[dict[str, str]] = json.loads(re.findall(r"'(\[.*\])'", str(enc.__doc__))[0])
#: Of the catalog, in which the compute API is ours.
REGION = "RegionOfPuppet"

VALUES = {
    "port": 8080, "hosts": ["gr\u00fcn", "\U0001f422", "a: b"], "role": "' } \\ ${port} \u00e9", "debug": True,
    "ratio": 1e-07,
}  # fmt: skip


class Asking(Driven):
    """Puppet with its classifier, which is `classifier`, of alice's project.

    `bobs` is of another project, `admins` of an administrator's; `whole` may do whatever alice's readers may, and
    `astray` nothing that there is here.
    """

    def __init__(self, cloud: NovaCloud, root: Path, loaded: LoadedPuppet) -> None:
        options = "[package_menu]\npackage_management_driver = puppet\n[package_menu_puppet]\n"
        super().__init__(cloud, "asking", f"{options}certname = {{hostname}}.{{project_id}}.example.org")
        self._root, self._loaded = root, loaded

    def start(self) -> None:
        super().start()
        accounts = self.cloud.accounts
        accounts.region(REGION)
        accounts.endpoint("compute", "nova", f"{self.api.url}/v2.1", REGION)
        self.classifier = self._classifier("alice", "alice", "reader", NODE_ONLY)
        self.bobs = self._classifier("bob", "bob", "reader", NODE_ONLY)
        self.admins = self._classifier("admin", "admin", "admin", NODE_ONLY)
        self.whole = self._classifier("whole", "alice", "reader", None)
        with_project = [{**rule, "path": rule["path"].replace("/v2.1/", "/v2.1/*/")} for rule in NODE_ONLY]
        self.astray = self._classifier("astray", "alice", "reader", with_project)
        self.puppet = web_puppet(self._root / "puppet", self._loaded, self.classifier.command)
        self.seeing_all = web_puppet(self._root / "puppet-of-all", self._loaded, self.admins.command)

    def _classifier(self, name: str, who: str, role: str, rules: list[dict[str, str]] | None) -> Classifier:
        return Classifier(self.cloud, self._root / name, REGION, who, role, rules)

    def certname(self, who: str, hostname: str) -> str:
        return f"{hostname}.{self.cloud.project(who)}.example.org"

    def state(self, who: str, server_id: str) -> str:
        return str(self.delivery(who, server_id, "puppet")["state"])


@pytest.fixture(scope="module")
def _asking(nova_cloud: NovaCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    root = tmp_path_factory.mktemp("asking")
    with ExitStack() as ended:
        try:
            loaded = ended.enter_context(LoadedPuppet(root))
        except MissingProgram as missing:
            pytest.skip(str(missing))
        made = Asking(nova_cloud, root, loaded)
        ended.callback(made.stop)
        made.start()
        for puppet in (made.puppet, made.seeing_all):
            ended.enter_context(puppet)
        yield made


@pytest.fixture
def asking(_asking: Asking) -> Iterator[Asking]:
    _asking.publish(*ENTRIES)
    for who in ("alice", "bob"):
        _asking.offer(who, "web")
    yield _asking
    _asking.clear()


@pytest.fixture
def server(asking: Asking, nova_cloud: NovaCloud) -> Iterator[str]:
    """Alice's web-1."""
    made = asking.boot("alice", "web-1", packages=["web"], package_variables=VALUES)
    yield made
    if nova_cloud.compute_call("alice", "GET", f"/servers/{made}").status == 200:
        nova_cloud.delete_server("alice", made, on=asking.api)


def test_puppet_is_told_what_a_server_of_the_real_nova_has(asking: Asking, nova_cloud: NovaCloud, server: str) -> None:
    name = asking.certname("alice", "web-1")
    assert asking.state("alice", server) == "offered"
    found = asking.puppet.run_installed("node", "find", name, "--render-as", "json")
    assert found.returncode == 0, found.stderr
    node = json.loads(found.stdout[found.stdout.index("{") :])
    assert {one: node["parameters"][one] for one in ("role", "debug", "ratio")} == {
        one: VALUES[one] for one in ("role", "debug", "ratio")
    }
    assert asking.state("alice", server) == "read"
    catalog = catalog_of(asking.puppet.run_installed("catalog", "compile", name))
    parameters = {"port": 8080, "hosts": VALUES["hosts"], "workers": 1}
    assert (classes_of(catalog), resource(catalog, "Class", "Web")) == ({"Web"}, parameters)
    message = f"8080 gr\u00fcn,\U0001f422,a: b {VALUES['role']}"
    assert resource(catalog, "Notify", "web") == {"message": message}, "the variable is in the top scope"

    asking.set("alice", server, port=8081)
    assert asking.state("alice", server) == "offered", "what Puppet has fetched is not the last any more"
    compiled = asking.puppet.compiled(name)
    assert (compiled["classes"]["web"]["port"], compiled["top"]["role"]) == (8081, VALUES["role"])
    assert asking.state("alice", server) == "read"

    nova_cloud.delete_server("alice", server, on=asking.api)
    gone = asking.puppet.run("node", "find", name)
    assert gone.returncode == 1
    assert "returned 1" in gone.stderr


def test_only_an_administrators_credential_hands_on_secrets(asking: Asking, server: str) -> None:
    asking.set("alice", server, password="hush")
    name = asking.certname("alice", "web-1")
    readers = json.loads(asking.classifier.run(name).stdout)
    assert asking.state("alice", server) == "offered", "who was not told all of it has not read it"
    admins = json.loads(asking.admins.run(name).stdout)
    assert asking.state("alice", server) == "read"
    assert admins["classes"]["web"].pop("password") == "hush"
    assert admins == readers
    assert asking.seeing_all.compiled(name)["classes"]["web"]["password"] == "hush"


def test_another_projects_credential_is_told_of_its_own_servers_only(
    asking: Asking, nova_cloud: NovaCloud, server: str
) -> None:
    """Bob's server has the same hostname."""
    bobs_server = asking.boot("bob", "web-1", packages=["web"])
    name, bobs = (asking.certname(who, "web-1") for who in ("alice", "bob"))
    for classifier, own, other, port in ((asking.classifier, name, bobs, 8080), (asking.bobs, bobs, name, 80)):
        assert json.loads(classifier.run(own).stdout)["classes"]["web"]["port"] == port
        told = classifier.run(other)
        assert (told.returncode, told.stdout) == (1, "")
        assert f"No server of yours is known by the name {other}" in told.stderr
        answer = classifier.ask(asking.api, "GET", f"/v2.1/package-menu/nodes/{other}")
        assert (answer.status, answer.code) == (404, "package_menu.no_node")
    assert asking.admins.run(name).returncode == asking.admins.run(bobs).returncode == 0
    nova_cloud.delete_server("bob", bobs_server, on=asking.api)


#: What whoever has stolen the credential may try: method, path, body; SERVER and NAME are alice's.
REFUSED: list[tuple[str, str, Any]] = [
    ("GET", "/v2.1/servers", None),
    ("GET", "/v2.1/servers/SERVER", None),
    ("GET", "/v2/servers", None),
    ("GET", "/v2.1/servers/SERVER/packages", None),
    ("PUT", "/v2.1/servers/SERVER/packages", {"packages": [], "package_variables": {}}),
    ("PUT", "/v2.1/servers/SERVER/packages/port", {"value": 1}),
    ("DELETE", "/v2.1/servers/SERVER", None),
    ("GET", "/v2.1/package-menu", None),
    ("GET", "/v2.1/package-menu/nodes", None),
    ("POST", "/v2.1/package-menu/nodes/NAME", {}),
    ("GET", "/v2.1/package-menu/nodes/NAME/more", None),
    ("GET", "/v2.1/package-menu/nodes/../../servers", None),
    ("GET", "/v2.1/package-menu/nodes/..%2f..%2fservers", None),
    ("GET", "/v2.1/package-menu/nodes/%2e%2e/%2e%2e/servers/SERVER", None),
    ("GET", "/v2.1//package-menu/nodes/../../servers", None),
    ("GET", "/v2.1/servers?/v2.1/package-menu/nodes/NAME", None),
]


def test_the_credential_is_good_for_nothing_else(asking: Asking, server: str) -> None:
    name, before = asking.certname("alice", "web-1"), asking.settings("alice", server)
    for method, path, document in REFUSED:
        target = path.replace("SERVER", server).replace("NAME", name)
        body = None if document is None else json.dumps(document).encode()
        answer = asking.classifier.ask(asking.api, method, target, body)
        assert (answer.status, answer.code) == (401, None), f"{method} {target}: {answer}"
        assert "Keystone uri=" in answer.headers["www-authenticate"], "it is Keystone's middleware that refuses"
    assert asking.settings("alice", server) == before
    # without rules the same role is let in
    for path in ("/v2.1/servers", f"/v2.1/servers/{server}/packages", f"/v2.1/package-menu/nodes/{name}"):
        assert asking.whole.ask(asking.api, "GET", path).status == 200
    assert asking.classifier.ask(asking.api, "GET", f"/v2.1/package-menu/nodes/{name}").status == 200


def test_a_credential_of_other_rules_is_refused_in_words_that_name_the_fix(asking: Asking, server: str) -> None:
    name = asking.certname("alice", "web-1")
    told = asking.astray.run(name)
    assert (told.returncode, told.stdout) == (1, "")
    assert f"its access rules must let it GET /v2.1/package-menu/nodes/{name}, and" in told.stderr


def test_what_puppet_has_no_place_for_is_told_the_customer_and_the_classifier(asking: Asking, server: str) -> None:
    asking.publish({"name": "Odd-Name", "kind": "package", "on_by_default": True})
    told = asking.classifier.run(asking.certname("alice", "web-1"))
    shown = asking.delivery("alice", server, "puppet")
    for words in (told.stderr, shown["message"]):
        assert "Odd-Name cannot be a class of Puppet's" in words
    assert (told.returncode, told.stdout, shown["state"]) == (1, "", "failed")


def test_while_nova_is_stopped_puppet_goes_on_with_what_it_was_told_last(asking: Asking, server: str) -> None:
    name = asking.certname("alice", "web-1")
    compiled = asking.puppet.compiled(name)
    told = asking.classifier.run(name)
    assert (told.returncode, told.stderr) == (0, "")
    asking.api.stop()
    kept = asking.classifier.run(name)
    assert (kept.returncode, kept.stdout) == (0, told.stdout)
    assert f"What {name} is to have is told as it was" in kept.stderr
    assert asking.puppet.compiled(name)["classes"] == compiled["classes"]
    fresh = asking.classifier.run(name, GLANCE_RELATED_FRESH="1")
    assert (fresh.returncode, fresh.stdout) == (75, "")
    for one, other in ((asking.classifier, asking.certname("alice", "web-2")), (asking.bobs, name)):
        none = one.run(other)
        assert (none.returncode, none.stdout) == (75, ""), "nothing is kept of that, or not for him"
    asking.set("alice", server, port=8082)
    back = asking.classifier.run(name)
    assert (back.returncode, back.stderr) == (0, "")
    assert json.loads(back.stdout)["classes"]["web"]["port"] == 8082
