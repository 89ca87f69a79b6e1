"""By which names configuration systems know servers."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glance_related.deliveries.delivery import Refused
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.drivers.certname import Certnames
from glance_related.package_menu.drivers.driver import Instance
from glance_related.settings.options import ConfigError

NOVA = "11111111-2222-3333-4444-555555555555"
ID = "0a1b2c3d-1111-4222-8333-444455556666"
OPTION = "[package_menu_puppet] certname"


def server(instance_id: str = ID, hostname: str = "web-1", project_id: str = "7a1c") -> Instance:
    return Instance(InstanceRef(NOVA, instance_id), project_id, "Any name", hostname)


def certnames(template: str) -> Certnames:
    return Certnames(template, OPTION)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{instance_id}", ID),
        ("{hostname}", "web-1"),
        ("{hostname}.{project_id}.example.org", "web-1.7a1c.example.org"),
        ("i-{instance_id}.Example.ORG", f"i-{ID}.example.org"),
        ("{project_id}{hostname}", "7a1cweb-1"),
    ],
)
def test_a_name_is_made_of_what_is_known_of_a_server(template: str, name: str) -> None:
    assert certnames(template).of(server()) == name
    assert certnames(template).needed(server()) == name


@pytest.mark.parametrize(
    "template",
    [
        "", "web", "{project_id}", "{name}", "{hostname}.{name}", "{0}", "{}", "{hostname", "hostname}", "{hostname.x}",
        "{hostname!r}", "{hostname:>9}", "{hostname}/x", "{hostname} x", "{hostname}'", "{{hostname}}", "ä{hostname}",
    ],
)  # fmt: skip
def test_a_template_that_names_no_server_stops_the_start(template: str) -> None:
    with pytest.raises(ConfigError) as caught:
        certnames(template)
    assert OPTION in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_template_with_one_word_twice_stops_the_start() -> None:
    with pytest.raises(ConfigError, match="twice"):
        certnames("{hostname}.{hostname}")


@pytest.mark.parametrize(
    "hostname",
    [
        "",
        "a b",
        "a/b",
        "../x",
        "a'b",
        "a\nb",
        "a,dc=x",
        "a*",
        "a)(cn=*",
        "grün",
        "-x",
        ".x",
        "a" * 256,
        "$(id)",
        "default",
    ],
)
def test_a_server_whose_name_would_be_something_else_has_none(hostname: str) -> None:
    names = certnames("{hostname}")
    assert names.of(server(hostname=hostname)) is None
    with pytest.raises(Refused, match="has no name that Puppet could know it by"):
        names.needed(server(hostname=hostname))


def test_a_server_without_a_hostname_has_no_name_that_is_made_of_it() -> None:
    assert certnames("{hostname}.{project_id}").of(server(hostname="")) is None
    assert certnames("{instance_id}").of(server(hostname="")) == ID


def test_nobody_is_called_what_is_for_everybody() -> None:
    assert certnames("{hostname}").of(server(hostname="Default")) is None
    assert certnames("{hostname}.x").of(server(hostname="default")) == "default.x"


def test_capital_letters_are_small_ones_as_puppet_wants_them() -> None:
    assert certnames("{hostname}").of(server(hostname="Web-1")) == "web-1"
    fields = certnames("{hostname}").fields("WEB-1")
    assert fields is not None
    assert set(fields["hostname"]) == {"web-1"}


def test_a_name_says_of_which_server_it_may_be() -> None:
    fields = certnames("{hostname}.{project_id}.example.org").fields("web-1.7a1c.example.org")
    assert fields is not None
    assert {name: set(values) for name, values in fields.items()} == {"hostname": {"web-1"}, "project_id": {"7a1c"}}


def test_what_can_be_read_in_several_ways_is_read_in_all_of_them() -> None:
    fields = certnames("{hostname}-{project_id}").fields("web-example-7a1c")
    assert fields is not None
    assert set(fields["hostname"]) == {"web", "web-example"}
    assert set(fields["project_id"]) == {"example-7a1c", "7a1c"}


def test_a_hostname_may_have_dots_in_it_and_an_id_may_not() -> None:
    fields = certnames("{hostname}.{project_id}").fields("web.example.7a1c")
    assert fields is not None
    assert (set(fields["hostname"]), set(fields["project_id"])) == ({"web.example"}, {"7a1c"})


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{instance_id}", "web-1"),
        ("{instance_id}", ID + "0"),
        ("{instance_id}", ID.replace("-", "_")),
        ("{instance_id}", "x" + ID[1:]),
        ("i-{instance_id}.example.org", f"i-{ID}.example.com"),
        ("{hostname}.{instance_id}", f".{ID}"),
        ("{hostname}.{instance_id}", ID),
        ("{hostname}.{project_id}", "web-1." + "a" * 65),
        ("{project_id}-{instance_id}", f"a.b-{ID}"),
    ],
)
def test_what_is_no_id_is_read_as_none(template: str, name: str) -> None:
    assert certnames(template).fields(name) is None


@pytest.mark.parametrize(
    "template",
    [
        "{hostname}.{project_id}.example.org", "{hostname}.{project_id}.{instance_id}.example.org",
        "{hostname}{project_id}{instance_id}", "{project_id}-{hostname}-{instance_id}", "{hostname}-{project_id}",
    ],
)  # fmt: skip
def test_no_name_keeps_whoever_reads_it_busy(template: str) -> None:
    names = ("a" + "." * 254, "a." * 121 + ".example.org", "a" + "-" * 254, "a" * 218 + f".{ID}", "-" * 255)
    took = []
    for _ in range(3):  # of which one may have had to clear up behind others
        began = time.process_time()
        for name in names:
            certnames(template).fields(name)
        took.append(time.process_time() - began)
    assert min(took) < 0.5, "a shorter time than that of one request"


@pytest.mark.parametrize(
    "name",
    ["", "web-1", "web.example.com", ".example.org", "x/y.example.org", "a" * 300, "a b.example.org", "-.example.org"],
)  # fmt: skip
def test_a_name_that_is_made_otherwise_is_no_servers(name: str) -> None:
    assert certnames("{hostname}.example.org").fields(name) is None


WORDS, IDS = st.text("abc.-_", min_size=1, max_size=6), st.text("abc-_", min_size=1, max_size=6)
FIELDS = ("{hostname}", "{project_id}", "{instance_id}")
TEMPLATES = [
    f"{before}{between.join(fields)}{after}"
    for before, between, after in itertools.product(["", "x-"], [".", "-", ""], ["", ".b"])
    for fields in (*itertools.permutations(FIELDS), *itertools.permutations(FIELDS[:2]), FIELDS[::2])
]


@given(st.sampled_from(TEMPLATES), WORDS, IDS)
def test_a_servers_own_words_are_always_among_what_its_name_says(template: str, hostname: str, project_id: str) -> None:
    one = server(hostname=hostname, project_id=project_id)
    name = certnames(template).of(one)
    if name is not None:
        fields = certnames(template).fields(name)
        assert fields is not None
        own = {"hostname": hostname, "project_id": project_id, "instance_id": ID}
        assert {field for field, values in fields.items() if own[field] not in values} == set()


def test_an_operator_is_told_that_customers_choose_hostnames() -> None:
    (said,) = certnames("{hostname}.example.org").check()
    assert said.startswith(OPTION)
    for template in ("{instance_id}", "{hostname}.{project_id}", "{hostname}.{instance_id}"):
        assert certnames(template).check() == []


def test_only_a_name_of_ids_is_given() -> None:
    assert certnames("{instance_id}.x").is_given
    assert not certnames("{hostname}.{project_id}").is_given
