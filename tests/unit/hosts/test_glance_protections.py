"""Copies of Glance's protections and policy that change, break and vanish."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from glance_related.hosts.glance.policy_rules import GlancePolicy
from glance_related.hosts.glance.protections import OPERATIONS, POLICIES, ROLES, BadProtections, ProtectionsFile, parse


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def section(name: str, who: str = "@") -> str:
    return f"[{name}]\n" + "".join(f"{operation} = {who}\n" for operation in OPERATIONS)


class Kept:
    def __init__(self, path: Path) -> None:
        self.path, self.clock = path, Clock()
        path.write_text(section("a", "builder"))
        self.file = ProtectionsFile(str(path), ROLES, self.clock)

    def who(self) -> list[str]:
        self.clock.now += 1
        return [role for role in ("builder", "painter") if self.file.current().permits("create", "a", {role}, bool)]


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "protections.conf")


def levels(caplog: pytest.LogCaptureFixture) -> list[int]:
    return [record.levelno for record in caplog.records if record.name.startswith("glance_related")]


def test_a_file_is_looked_at_once_a_second(kept: Kept) -> None:
    kept.path.write_text(section("a", "painter"))
    assert kept.file.current().permits("create", "a", {"builder"}, bool)
    assert kept.who() == ["painter"]


def test_a_change_within_the_same_time_and_length_is_seen(kept: Kept) -> None:
    state = kept.path.stat()
    kept.path.write_text(section("a", "painter"))
    os.utime(kept.path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert kept.who() == ["painter"]


@pytest.mark.parametrize("broken", [b"[a]\ncreate = @\n", b"\xff", b"[(?a)(?u)x]\n", None])
def test_a_broken_file_leaves_the_old_one_in_force_and_is_said_once_until_it_is_mended(
    kept: Kept, broken: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    before = kept.file.fingerprint()
    kept.path.unlink() if broken is None else kept.path.write_bytes(broken)
    assert [kept.who() for _ in range(3)] == [["builder"]] * 3
    assert levels(caplog) == [logging.ERROR]
    assert kept.file.trouble is not None
    assert str(kept.path) in kept.file.trouble
    assert kept.file.fingerprint() == before
    kept.path.write_text(section("a", "painter"))
    assert kept.who() == ["painter"]
    assert kept.file.trouble is None
    assert kept.file.fingerprint() != before
    assert levels(caplog) == [logging.ERROR, logging.WARNING]


def test_the_old_file_put_back_is_in_force_without_trouble(kept: Kept) -> None:
    kept.path.write_text("[")
    assert kept.who() == ["builder"]
    kept.path.write_text(section("a", "builder"))
    assert kept.who() == ["builder"]
    assert kept.file.trouble is None


def test_a_file_that_could_not_be_read_is_read_as_soon_as_it_can_be(kept: Kept) -> None:
    folder, away = kept.path.parent, kept.path.parent.with_name("away")
    kept.path.write_text(section("a", "painter"))
    folder.rename(away)  # the file itself stays as it is
    assert kept.who() == ["builder"]
    away.rename(folder)
    assert kept.who() == ["painter"]


def test_what_is_not_there_or_broken_at_the_start_stops_it(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none", "cannot be read"), (tmp_path / "bad", "not UTF-8")):
        (tmp_path / "bad").write_bytes(b"\xff")
        with pytest.raises(BadProtections, match=said):
            ProtectionsFile(str(path), ROLES)


@pytest.mark.parametrize(
    ("text", "rule_format", "said"),
    [
        ("[a]\ncreate=@\nread=@\nupdate=@\n", ROLES, "[a] does not have delete"),
        (section("a") + section("a"), ROLES, "line 6: [a] is there already"),
        (section("a") + "create = s3cret\n", ROLES, "line 6: [a] has create already"),
        ("create = s3cret\n", ROLES, "line 1 stands before the first section"),
        ("[a]\ns3cret\n", ROLES, "line 2 is neither"),
        (section("a("), ROLES, "[a(] is not a regular expression"),
        (section("a", "@, !"), ROLES, "[a] create: @ is everyone"),
        (section("a", "one, two"), POLICIES, "[a] create: only one policy rule"),
        (section("a", "%(s)s"), ROLES, "[a] create: %(...)s must name an option"),
        (section("a"), "role", "must be roles or policies, not role"),
    ],
)
def test_what_glance_would_not_start_with_is_said_in_one_sentence(text: str, rule_format: str, said: str) -> None:
    with pytest.raises(BadProtections) as raised:
        parse(text, rule_format, "protections.conf")
    sentence = str(raised.value)
    assert sentence.startswith("protections.conf: ")
    assert said in sentence
    assert "\n" not in sentence
    assert "s3cret" not in sentence


def test_names_without_end_are_not_remembered() -> None:
    read = parse(section("x", "builder"), ROLES, "f")
    for number in range(5000):
        assert read.permits("create", f"x{number}", {"builder"}, bool)
    read.permits("create", "x" * 256, {"builder"}, bool)
    info = read._remembered.cache_info()  # type: ignore[attr-defined]
    assert info.currsize == info.maxsize
    assert info.misses == 5000


# -- Glance's policy


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return tmp_path / "policy.yaml"


def test_glances_own_rules_are_there_without_a_file() -> None:
    policy = GlancePolicy(None)
    assert policy.allows("context_is_admin", {"admin"}, "p", "u")
    assert not policy.allows("context_is_admin", {"member"}, "p", "u")
    assert policy.allows("default", set(), "p", "u")
    assert policy.trouble is None


@pytest.mark.parametrize("rule", ["not_there", "publicize_image", "around", "beside", "circle", "format"])
def test_what_cannot_be_judged_is_refused_and_said_once(
    rules: Path, rule: str, caplog: pytest.LogCaptureFixture
) -> None:
    rules.write_text(
        '"around": "not rule:not_there"\n"beside": "not is_admin_project:False"\n"circle": "rule:circle"\n'
        '"format": "user_id:%d"\n"default": "@"\n'
    )
    policy = GlancePolicy(str(rules))
    assert [policy.allows(rule, {"admin"}, "p", "u") for _ in range(2)] == [False, False]
    assert levels(caplog) == [logging.WARNING]
    assert rule in caplog.records[-1].getMessage()


def test_a_rule_goes_by_roles_project_and_user(rules: Path) -> None:
    rules.write_text('"r": "role:Curator or project_id:p or user_id:u"\n')
    policy = GlancePolicy(str(rules))
    callers: list[tuple[set[str], str, str]] = [
        ({"curator"}, "x", "x"), (set(), "p", "x"), (set(), "x", "u"), (set(), "x", "x")
    ]  # fmt: skip
    assert [policy.allows("r", *caller) for caller in callers] == [True, True, True, False]


@pytest.mark.parametrize("broken", ["a: [", "- a", "a: 5", "text", None])
def test_a_broken_policy_file_leaves_the_old_one_in_force(rules: Path, broken: str | None) -> None:
    rules.write_text('"r": "role:curator"\n')
    clock = Clock()
    policy = GlancePolicy(str(rules), clock)
    rules.unlink() if broken is None else rules.write_text(broken)
    clock.now += 1
    assert policy.allows("r", {"curator"}, "p", "u")
    assert not policy.allows("r", {"member"}, "p", "u")
    assert policy.trouble is not None
    assert str(rules) in policy.trouble
    if broken is not None:
        with pytest.raises(BadProtections):
            GlancePolicy(str(rules))
