"""Protections are read as Glance reads them: checked against Glance's own code, file by generated file."""

from __future__ import annotations

import configparser
from collections.abc import Iterator, Sequence
from pathlib import Path

import glance.api.policy
import pytest
from glance.common import property_utils
from glance.context import RequestContext
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from oslo_config import cfg

from glance_related.hosts.glance.policy_rules import GlancePolicy
from glance_related.hosts.glance.protections import OPERATIONS, POLICIES, ROLES, BadProtections, Protections, parse

POLICY = """
"curators": "role:curator"
"owners": "project_id:p"
"alice": "user_id:alice and not rule:curators"
"of_the_image": "project_id:%(project_id)s"
"empty": ""
"nobody": "!"
"strange": "not user_domain_id:other"
"""
#: By `default` Glance goes where there is no rule of a name; without it, everyone is let in there.
POLICY_WITH_DEFAULT = POLICY + '"default": "rule:curators"\n'

ASKED = ("x", "x_owner", "my_x", "X_OWNER", "hw_disk_bus", "os_glance_x", "my_os_glance", "é", "a b", "", "zz", "]")

# Most are found in one of the names above.
patterns = st.one_of(
    st.sampled_from(["x", "^x_", "x_owner", "owner$", ".*", "^[^x]", "hw_.*", "X", "(?i)x", "é", " ", "x|hw", "^$"]),
    st.sampled_from(["os_glance", "os_glance.*", "os_glanced", " os_glance", "default", "]", "a]b", "(x)_\\1"]),
    st.sampled_from(["default:create", "%(x)s", "[[a]", "zz", "zzz"]),
)
odd_patterns = st.one_of(
    st.sampled_from(
        ["(", "*", "a{2,1}", "[", "(?a)(?u)x", "(?L)x", "x(?i)", "a{99999999999}", "(?<=.*)", "DEFAULT", ""]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6),
)
roles = st.sampled_from(["admin", "Admin", "member", "MEMBER", "é", "É", "reader", "a b", "%%", "%(who)s", ""])
# All of rules that both know; Glance asks for `rule:` and what stands there, whatever that comes to.
names_of_rules = st.one_of(
    st.sampled_from(["curators", "owners", "alice", "of_the_image", "empty", "nobody"]),
    st.sampled_from(["default", "context_is_admin", "service_api"]),
    st.sampled_from(
        ["curators or rule:owners", "curators not", "(curators)", "nobody) or (role:curator", "empty or @"]
    ),
    st.sampled_from(["curators\n  or rule:alice", "empty and role:%%(x)s", "nobody or user_id:alice", "%(who)s"]),
)
spaces = st.sampled_from(["", "", "", " ", "\t", "\n  ", "\n\t", "\n ; said\n  ", "\xa0"])
ends = st.sampled_from(["\n", "\n", "\n", "\r\n", "\n\n", "\r"])
spelt = {name: st.sampled_from([name, name, name.upper(), name.title()]) for name in OPERATIONS}


@st.composite
def lists_of_roles(draw: st.DrawFn) -> str:
    items = draw(st.lists(st.one_of(roles, roles, st.sampled_from(["@", "!"])), max_size=3))
    return ",".join(draw(spaces) + item + draw(spaces) for item in items)


VALUES = {
    ROLES: st.one_of(lists_of_roles(), st.sampled_from(["@", "!", "", "admin", "# admin"])),
    POLICIES: st.one_of(names_of_rules, names_of_rules, st.sampled_from(["@", "!", "", "\n  @", "@ "])),
}


@st.composite
def bodies(draw: st.DrawFn, rule_format: str, names: Sequence[str] = OPERATIONS) -> str:
    text = ""
    for name in draw(st.permutations(names)):
        between = draw(st.sampled_from([" = ", "=", ":", " : ", "= "]))
        text += draw(spelt[name]) + between + draw(VALUES[rule_format]) + draw(ends)
    return text


@st.composite
def sections(draw: st.DrawFn, rule_format: str, name: str) -> str:
    behind = draw(st.sampled_from(["", "", "", " ; said", "\t"]))
    return f"[{name}]{behind}{draw(ends)}{draw(bodies(rule_format))}"


@st.composite
def defaults(draw: st.DrawFn, rule_format: str) -> str:
    names = draw(st.lists(st.sampled_from(OPERATIONS), unique=True, max_size=4))
    who = draw(st.sampled_from(["curators", "", "owners", "%(create)s", "!"]))
    return f"[DEFAULT]\nwho = {who}\n{draw(bodies(rule_format, names))}"


@st.composite
def sound_files(draw: st.DrawFn, rule_format: str) -> str:
    """Most of these Glance starts with."""
    names = draw(st.lists(patterns, unique=True, max_size=5))
    parts = [draw(sections(rule_format, name)) for name in names]
    parts.insert(draw(st.integers(0, len(parts))), draw(defaults(rule_format)))
    return "".join(parts)


@st.composite
def mangled_files(draw: st.DrawFn, rule_format: str) -> str:
    """With a line that is missing, there twice, strange or somewhere else: about half of these Glance starts with."""
    lines = draw(sound_files(rule_format)).splitlines(keepends=True)
    strange = st.one_of(
        odd_patterns.map(lambda name: f"[{name}]\ncreate=@\nread=@\nupdate=@\ndelete=@\n"),
        st.sampled_from(
            ["create\n", "= @\n", "# said\n", "   create = @\n", "share = @\n", "[x\n", "\ufeff", "create=%\n"]
        ),
        st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8).map(lambda text: text + "\n"),
    )
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(lines)))
        change = draw(st.sampled_from(["remove", "repeat", "add", "move"]))
        taken = lines[at : at + 1]
        if change == "remove":
            del lines[at : at + 1]
        elif change == "repeat":
            lines[at:at] = taken
        elif change == "move":
            del lines[at : at + 1]
            lines[draw(st.integers(0, len(lines))) :] += taken
        else:
            lines.insert(at, draw(strange))
    return "".join(lines)


def files(rule_format: str) -> st.SearchStrategy[str]:
    return st.one_of(sound_files(rule_format), mangled_files(rule_format))


class Glance:
    """Glance's own reading, with a configuration of its own.

    :param folder: for the files that it reads
    """

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.conf = cfg.ConfigOpts()
        self.conf.register_opts(property_utils.property_opts)
        self.conf([], default_config_files=[], default_config_dirs=[])
        self._patch = patch
        self._file = folder / "protections.conf"
        self._policy = folder / "policy.yaml"
        patch.setattr(property_utils, "CONF", self.conf)
        patch.setattr(glance.api.policy, "CONF", self.conf)

    def reads(self, text: str, rule_format: str, policy: str = POLICY) -> property_utils.PropertyRules | None:
        """None where Glance does not start."""
        self._file.write_bytes(text.encode())
        self._policy.write_text(policy)
        enforcer = glance.api.policy.Enforcer(suppress_deprecation_warnings=True)
        enforcer.policy_file = str(self._policy)
        self.conf.set_override("property_protection_file", str(self._file))
        self.conf.set_override("property_protection_rule_format", rule_format)
        # Glance keeps what it has read in the module, and would add this file to the last one
        self._patch.setattr(property_utils, "CONFIG", configparser.ConfigParser())
        try:
            return property_utils.PropertyRules(enforcer)
        except Exception:
            return None

    def policy(self, text: str) -> GlancePolicy:
        """Ours, on a copy of the policy file."""
        self._policy.write_text(text)
        return GlancePolicy(str(self._policy))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Glance]:
    with pytest.MonkeyPatch.context() as patch:
        yield Glance(tmp_path_factory.mktemp("glance"), patch)


def ours(text: str, rule_format: str) -> Protections | None:
    try:
        return parse(text, rule_format, "protections.conf")
    except BadProtections:
        return None


def context(real: property_utils.PropertyRules, roles: Sequence[str], project: str = "p") -> RequestContext:
    return RequestContext(
        user_id="alice",
        project_id=project,
        roles=list(roles),
        policy_enforcer=real.policy_enforcer,
        user_domain_id="other",
    )


def no_policy(rule: str) -> bool:
    raise AssertionError(f"{rule} was asked in a file of roles")


@settings(max_examples=300, deadline=None)
@given(files(ROLES), st.lists(st.sampled_from(["admin", "member", "é", "reader", "@", "!", "a b", "%"]), max_size=2))
@example("", ["admin"])
@example("[x]\ncreate = Admin\nread = b,É\nupdate = @\ndelete =\n", ["admin", "é"])
@example("[DEFAULT]\nwho = admin\n[x]\ncreate = %(who)s\nread = 100%%\nupdate = @\ndelete = @\n", ["admin"])
@example("[x]\ncreate = @\nCREATE = @\nread = @\nupdate = @\ndelete = @\n", [])
@example("[x]\ncreate = a,@\nread =\nupdate = !,a\ndelete = @\n", ["a"])
@example("[x]\r\ncreate = @\r\nread = @\rupdate = @\ndelete = @", [])
@example("[x]\ncreate = @, !\nread = @\nupdate = @\ndelete = @\n", [])
@example("[(?a)(?u)x]\ncreate = @\nread = @\nupdate = @\ndelete = @\n", [])
@example("[os_glance_x]\n[x]\ncreate = @\nread = @\nupdate = @\ndelete = @\n", [])
def test_who_may_do_what_by_roles(real: Glance, text: str, roles: list[str]) -> None:
    glances, read = real.reads(text, ROLES), ours(text, ROLES)
    event("Glance starts" if glances else "Glance does not start")
    assert (read is None) == (glances is None)
    if read is not None:
        caller = context(glances, roles)
        for operation in (*OPERATIONS, "share"):
            for name in ASKED:
                permitted = read.permits(operation, name, frozenset(roles), no_policy)
                assert permitted == glances.check_property_rules(name, operation, caller), (operation, name)


@settings(max_examples=150, deadline=None)
@given(
    files(POLICIES),
    st.lists(st.sampled_from(["admin", "curator", "service", "member"]), max_size=2),
    st.sampled_from(["p", "q"]),
)
@example("[x]\ncreate = curators, owners\nread = @\nupdate = @\ndelete = @\n", [], "p")
@example(
    "[x]\ncreate = curators or rule:owners\nread = of_the_image\nupdate = curators not\ndelete = alice\n",
    ["curator"],
    "p",
)
@example("[x]\ncreate = empty\nread = default\nupdate = service_api\ndelete = !\n", ["curator"], "p")
def test_who_may_do_what_by_policies(real: Glance, text: str, roles: list[str], project: str) -> None:
    glances, read = real.reads(text, POLICIES, POLICY_WITH_DEFAULT), ours(text, POLICIES)
    event("Glance starts" if glances else "Glance does not start")
    assert (read is None) == (glances is None)
    if read is not None:
        caller, policy = context(glances, roles, project), real.policy(POLICY_WITH_DEFAULT)

        def allows(rule: str) -> bool:
            return policy.allows(rule, frozenset(roles), project, "alice")

        for operation in OPERATIONS:
            for name in ASKED:
                permitted = read.permits(operation, name, frozenset(roles), allows)
                assert permitted == glances.check_property_rules(name, operation, caller), (operation, name)


rules_of_glance = st.sampled_from(sorted(rule.name for rule in glance.api.policy.policies.list_rules()))


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(rules_of_glance, st.sampled_from(["there_is_none", "not_there or not rule:there_is_none", "strange"])),
    st.lists(st.sampled_from(["admin", "curator", "service", "member", "reader"]), max_size=2),
    st.sampled_from([POLICY, POLICY_WITH_DEFAULT]),
)
@example("publicize_image", ["member"], POLICY)
@example("add_image", ["curator"], POLICY_WITH_DEFAULT)
@example("strange", ["curator"], POLICY)
def test_no_rule_lets_in_whom_glance_keeps_out(real: Glance, rule: str, roles: list[str], policy: str) -> None:
    text = f"[x]\ncreate = {rule}\nread = @\nupdate = @\ndelete = @\n"
    glances, read = real.reads(text, POLICIES, policy), ours(text, POLICIES)
    assert read is not None
    mine = real.policy(policy)
    permitted = read.permits("create", "x", roles, lambda name: mine.allows(name, roles, "p", "alice"))
    assert not permitted or glances.check_property_rules("x", "create", context(glances, roles))
