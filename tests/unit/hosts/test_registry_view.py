"""What a caller may see, change and share, and who a caller is, in front of a v1 registry."""

from __future__ import annotations

from typing import Any

import pytest

from glance_related.hosts.registry import errors, images
from glance_related.hosts.registry.identity import read_identity
from glance_related.hosts.registry.view import View
from glance_related.problem import CODE_HEADER, Problem
from glance_related.wsgi.caller import Caller
from glance_related.wsgi.reply import Reply, collect, json_reply

PUBLIC = {"id": "public", "owner": "bob", "is_public": True}
ALICES = {"id": "alices", "owner": "alice", "is_public": False}
SHARED = {"id": "shared", "owner": "bob", "is_public": False}
BOBS = {"id": "bobs", "owner": "bob", "is_public": False}
OWNERLESS: dict[str, Any] = {"id": "ownerless", "owner": None, "is_public": False}
ALL = (PUBLIC, ALICES, SHARED, BOBS, OWNERLESS)


def caller(project: str | None, *roles: str) -> Caller:
    return Caller(confirmed=True, user_id=None, project_id=project, roles=frozenset(roles))


def view(who: Caller, *, status: str = "200 OK", can_share: object = False) -> tuple[View, list[str]]:
    asked: list[str] = []

    def ask(path: str) -> Reply:
        asked.append(path)
        return json_reply(status, {"shared_images": [{"image_id": "shared", "can_share": can_share}]})

    return View(who, ask), asked


@pytest.mark.parametrize(
    ("who", "seen", "owned"),
    [
        (caller("alice", "member"), {"public", "alices", "shared"}, {"alices"}),
        (caller(None, "member"), {"public"}, set()),
        (caller(None, "admin"), {image["id"] for image in ALL}, {image["id"] for image in ALL}),
    ],
)
def test_who_sees_and_owns_what(who: Caller, seen: set[str], owned: set[str]) -> None:
    sight, _ = view(who)
    assert {image["id"] for image in ALL if sight.sees(image)} == seen
    assert {image["id"] for image in ALL if sight.owns(image)} == owned
    assert sight.is_anonymous == (owned == set())


def test_what_is_shared_is_asked_for_once_and_only_where_it_matters() -> None:
    sight, asked = view(caller("alice"))
    assert sight.sees(PUBLIC)
    assert sight.sees(ALICES)
    assert asked == []
    assert sight.sees(SHARED)
    assert not sight.sees(BOBS)
    assert asked == ["/shared-images/alice"]


@pytest.mark.parametrize("status", ["404 Not Found", "405 Method Not Allowed"])
def test_a_registry_that_shares_nothing_shares_nothing(status: str) -> None:
    assert not view(caller("alice"), status=status)[0].sees(SHARED)


def test_a_registry_that_fails_to_say_what_is_shared_is_not_guessed_at() -> None:
    with pytest.raises(Problem) as problem:
        view(caller("alice"), status="503 Service Unavailable")[0].sees(SHARED)
    assert problem.value.code == "registry.unreadable"


def test_a_project_that_would_be_another_path_is_asked_for_nothing() -> None:
    sight, asked = view(caller("../images"))
    assert not sight.sees(SHARED)
    assert asked == []


@pytest.mark.parametrize(("can_share", "may"), [(True, True), (False, False), (None, False), ("yes", False)])
def test_a_member_shares_on_only_where_the_registry_says_true(can_share: object, may: bool) -> None:
    sight, _ = view(caller("alice"), can_share=can_share)
    assert sight.may_share(SHARED) is may
    assert sight.may_share(ALICES)
    assert not sight.may_share(BOBS)


def test_a_deleted_image_is_reached_by_administrators_only() -> None:
    gone = ALICES | {"deleted": True}
    assert view(caller("alice"))[0].sees(gone)
    assert not view(caller("alice"))[0].reaches(gone)
    assert view(caller("alice", "admin"))[0].reaches(gone)


def test_an_answer_is_an_image_a_refusal_or_404() -> None:
    sight, _ = view(caller("alice"))
    assert sight.reached(json_reply("200 OK", {"image": ALICES})) == ALICES
    assert sight.reached(json_reply("500 Internal Server Error", {})) is None
    for reply in (json_reply("404 Not Found", {}), json_reply("200 OK", {"image": BOBS})):
        with pytest.raises(Problem) as problem:
            sight.reached(reply)
        assert problem.value.code == "registry.no_such_image"


# -- who is asking


def test_headers_are_believed_unless_they_say_that_they_should_not_be() -> None:
    headers = {"HTTP_X_PROJECT_ID": "alice", "HTTP_X_ROLES": "Member, Admin", "HTTP_X_USER_ID": "u"}
    believed = read_identity(headers)
    assert (believed.project_id, believed.user_id, believed.roles) == ("alice", "u", {"member", "admin"})
    assert read_identity(headers | {"HTTP_X_IDENTITY_STATUS": "Confirmed"}) == believed
    nobody = read_identity(headers | {"HTTP_X_IDENTITY_STATUS": "Invalid"})
    assert (nobody.project_id, nobody.user_id, nobody.roles) == (None, None, frozenset())
    assert read_identity({}).project_id is None


def test_the_project_has_two_names_that_must_agree() -> None:
    assert read_identity({"HTTP_X_TENANT_ID": "alice"}).project_id == "alice"
    assert read_identity({"HTTP_X_TENANT_ID": "alice", "HTTP_X_PROJECT_ID": "alice"}).project_id == "alice"
    with pytest.raises(Problem) as problem:
        read_identity({"HTTP_X_TENANT_ID": "alice", "HTTP_X_PROJECT_ID": "bob"})
    assert problem.value.code == "registry.two_projects"


# -- bodies


def test_properties_are_taken_out_and_shown_again() -> None:
    image: dict[str, Any] = {"id": "1", "properties": {"ours": "x", "theirs": "y"}}
    assert images.take(image, ("ours", "other")) == {"ours": "x"}
    assert image["properties"] == {"theirs": "y"}
    assert images.take({"id": "1"}, ("ours",)) == {}
    image["properties"]["ours"] = "native"
    images.show(image, ("ours",), {})
    assert image["properties"] == {"theirs": "y"}
    images.show(image, ("ours",), {"ours": "z"})
    assert image["properties"] == {"theirs": "y", "ours": "z"}


@pytest.mark.parametrize(("header", "replaces"), [({}, False), ("true", True), ("True", False), ("1", False)])
def test_a_put_replaces_properties_where_the_registry_takes_it_so(header: Any, replaces: bool) -> None:
    environ = {"HTTP_X_GLANCE_REGISTRY_PURGE_PROPS": header} if header else {}
    assert images.replaces_properties(environ) is replaces


@pytest.mark.parametrize("document", [None, [], {}, {"members": {}}, {"members": ["a"]}, {"members": [{}]}])
def test_members_that_cannot_be_read_are_not_handed_on(document: object) -> None:
    with pytest.raises(Problem) as problem:
        images.members_of(json_reply("200 OK", document))
    assert problem.value.code == "registry.unreadable"
    assert images.members_of(json_reply("200 OK", {"members": [{"member_id": "a"}]})) == [{"member_id": "a"}]


@pytest.mark.parametrize(("accept", "media_type"), [("application/json", "application/json"), ("*/*", "text/html")])
def test_a_problem_has_the_registrys_shape_and_our_code(accept: str, media_type: str) -> None:
    reply = collect(errors.render(errors.NOT_OWNER()), {"REQUEST_METHOD": "GET", "HTTP_ACCEPT": accept})
    assert (reply.code, reply.header(CODE_HEADER)) == (403, "registry.not_owner")
    assert reply.header("Content-Type").startswith(media_type)
    assert b"Only its owner" in reply.body
