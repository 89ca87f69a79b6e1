"""``openstack server boot``: what is sent to Nova, and what is printed."""

from __future__ import annotations

import json

import pytest

from tests.unit.osc.conftest import IMAGE, NOVA, OFFER, SERVER

ARGUMENTS = ("--image", IMAGE, "--flavor", "1", "--no-network", "-f", "json", "node-1")
BOOT = ("server", "boot", *ARGUMENTS)
VIDEO = ("--image-prop-override", "hw_video_model=virtio")
IN_FORCE = {"hw_video_model": "virtio"}
NOT_HERE = "This cloud has no image property overrides: nothing in front of its Nova knows them.\n"


def refusal(name, code, **fields):
    return {name: {"code": code, "message": "...", **fields}}


# -- what is sent


def test_what_is_overridden_goes_to_nova_and_what_nova_shows_is_printed(openstack, cloud):
    cloud.has_overrides()
    cloud.makes_server(image_props_override={"hw_video_model": "virtio", "from": "nova"})
    told = openstack(*BOOT, *VIDEO, "--image-prop-override", "os_command_line=ks=http://a?b=c d")
    assert (told.code, told.err) == (0, "")
    assert told.json["image_props_override"] == {"hw_video_model": "virtio", "from": "nova"}
    (sent,) = cloud.booted
    assert sent["image_props_override"] == {"hw_video_model": "virtio", "os_command_line": "ks=http://a?b=c d"}


def test_all_else_is_sent_and_shown_as_server_create_does(openstack, cloud):
    more = ("--property", "a=b", "--hint", "group=g", "--security-group", "s", "--tag", "t", "--description", "d")
    cloud.has_overrides()
    cloud.answers("GET", "/network/v2.0/security-groups/s", json={"security_group": {"id": "s-id"}})
    cloud.makes_server(image_props_override=IN_FORCE)
    created, booted = openstack("server", "create", *ARGUMENTS, *more), openstack(*BOOT, *more, *VIDEO)
    assert (created.code, booted.code) == (0, 0)
    assert booted.json == {**created.json, "image_props_override": IN_FORCE}
    plain, overridden = cloud.asked("POST", f"{NOVA}/servers")
    assert overridden.json["server"].pop("image_props_override") == IN_FORCE
    assert overridden.json == plain.json | {"server": overridden.json["server"]}
    assert overridden.headers["Openstack-Api-Version"] == plain.headers["Openstack-Api-Version"]


def test_without_overrides_it_is_server_create_on_every_cloud(openstack, cloud):
    cloud.makes_server()
    told = openstack(*BOOT)
    assert told.code == 0
    assert told.json["id"] == SERVER
    assert told.json["image_props_override"] == {}
    assert list(told.json) == sorted(told.json)
    assert not cloud.asked("GET", OFFER)
    (sent,) = cloud.booted
    assert "image_props_override" not in sent


def test_the_row_stands_among_the_others_in_a_table(openstack, cloud):
    cloud.has_overrides()
    cloud.makes_server(image_props_override=IN_FORCE)
    told = openstack(*[word if word != "json" else "table" for word in BOOT], *VIDEO)
    names = [line.split("|")[1].strip() for line in told.out.splitlines() if line.startswith("|")][1:]
    assert names == sorted(names)
    assert "| image_props_override" in told.out
    assert "hw_video_model='virtio'" in told.out


def test_one_column_is_shown_where_one_is_asked_for(openstack, cloud):
    cloud.has_overrides()
    cloud.makes_server(image_props_override=IN_FORCE)
    assert openstack(*BOOT, *VIDEO, "-c", "image_props_override").json == {"image_props_override": IN_FORCE}


def test_waiting_for_the_server_changes_nothing_of_that(openstack, cloud):
    cloud.has_overrides()
    cloud.makes_server(image_props_override=IN_FORCE)
    told = openstack(*BOOT, *VIDEO, "--wait")
    assert told.code == 0
    assert told.json["image_props_override"] == IN_FORCE


def test_a_server_that_fails_is_told_as_server_create_tells_it(openstack, cloud):
    cloud.has_overrides()
    cloud.makes_server(image_props_override=IN_FORCE, status="ERROR")
    told = openstack(*BOOT, *VIDEO, "--wait")
    assert told.code == 1
    assert "Error creating server: node-1" in told.err


# -- where they are given


def test_properties_come_from_a_file_and_the_command_line_wins(openstack, cloud, tmp_path):
    (tmp_path / "props.yaml").write_text("hw_video_model: vga\nhw_numa_nodes: 2\n")
    cloud.has_overrides()
    cloud.makes_server(image_props_override=IN_FORCE)
    assert openstack(*BOOT, *VIDEO, "--image-props-file", "props.yaml").code == 0
    (sent,) = cloud.booted
    assert sent["image_props_override"] == {"hw_video_model": "virtio", "hw_numa_nodes": "2"}


def test_properties_come_from_a_file_alone_through_a_pipe(openstack, cloud):
    cloud.has_overrides()
    cloud.makes_server(image_props_override=IN_FORCE)
    assert openstack(*BOOT, "--image-props-file", "-", stdin=json.dumps({"hw_boot_menu": True})).code == 0
    (sent,) = cloud.booted
    assert sent["image_props_override"] == {"hw_boot_menu": "true"}


def test_an_empty_file_of_properties_overrides_nothing(openstack, cloud):
    cloud.makes_server()
    told = openstack(*BOOT, "--image-props-file", "-", stdin="{}")
    assert told.code == 0
    assert not cloud.asked("GET", OFFER)


@pytest.mark.parametrize(
    ("text", "why"), [("{", "standard input is neither JSON nor YAML"), ("[" * 100_000, "nested too deep.")]
)
def test_a_wrong_file_is_told_in_a_sentence_before_anybody_is_asked(openstack, cloud, text, why):
    told = openstack(*BOOT, "--image-props-file", "-", stdin=text)
    assert (told.code, told.err.count("\n")) == (1, 1)
    assert why in told.err
    assert not cloud.calls


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["hw_video_model"], "expected name=value, not 'hw_video_model'"),
        (["=virtio"], "expected name=value, not '=virtio'"),
        ([""], "expected name=value, not ''"),
        (["hw_video_model=vga", "os_type=linux", "hw_video_model=vga"], "hw_video_model is given twice"),
    ],
)
def test_a_wrong_word_on_the_command_line_is_refused_before_anybody_is_asked(openstack, cloud, given, why):
    told = openstack(*BOOT, *[word for one in given for word in ("--image-prop-override", one)])
    assert told.code == 2
    assert f"argument --image-prop-override: {why}" in told.err
    assert not cloud.calls


def test_a_value_may_be_empty_and_is_judged_by_the_cloud(openstack, cloud):
    cloud.has_overrides()
    cloud.makes_server(image_props_override={"os_command_line": ""})
    assert openstack(*BOOT, "--image-prop-override", "os_command_line=").code == 0
    (sent,) = cloud.booted
    assert sent["image_props_override"] == {"os_command_line": ""}


# -- where it cannot be done


def test_every_property_that_is_refused_has_a_line_of_its_own(openstack, cloud):
    problems = [
        {"property": "hw_vif_modell", "code": "props_override.unknown", "message": "did you mean hw_vif_model?"},
        {"property": "hw_video_model", "code": "props_override.bad_value", "message": "it must be vga or virtio"},
    ]
    cloud.has_overrides()
    answer = refusal("badRequest", 400, glance_related_problems=problems)
    cloud.answers("POST", f"{NOVA}/servers", status="400 Bad Request", json=answer)
    told = openstack(*BOOT, *VIDEO)
    assert (told.code, told.out) == (1, "")
    assert told.err.splitlines() == [
        "No server was made: these image properties cannot be overridden.",
        "hw_vif_modell: did you mean hw_vif_model?",
        "hw_video_model: it must be vga or virtio",
    ]


def test_what_is_forbidden_has_its_lines_too(openstack, cloud):
    problems = [{"property": "hw_video_model", "code": "props_override.protected", "message": "it is protected"}]
    cloud.has_overrides()
    answer = refusal("forbidden", 403, glance_related_problems=problems)
    cloud.answers("POST", f"{NOVA}/servers", status="403 Forbidden", json=answer)
    told = openstack(*BOOT, *VIDEO)
    assert told.code == 1
    assert told.err.splitlines()[1:] == ["hw_video_model: it is protected"]


@pytest.mark.parametrize(
    "answer",
    [
        {"json": refusal("badRequest", 400, glance_related_code="props_override.from_volume")},
        {"json": refusal("forbidden", 400)},
        {"json": ["..."]},
        {"json": {}},
        {"json": {"badRequest": "..."}},
        {"body": b"..."},
    ],
)
def test_any_other_refusal_is_told_as_server_create_tells_it(openstack, cloud, answer):
    cloud.has_overrides()
    cloud.answers("POST", f"{NOVA}/servers", status="400 Bad Request", **answer)
    told, plain = openstack(*BOOT, *VIDEO), openstack("server", "create", *ARGUMENTS)
    assert (told.code, told.err) == (plain.code, plain.err)
    assert told.code == 1
    assert "BadRequestException: 400" in told.err


def test_where_nobody_knows_overrides_no_server_is_made(openstack, cloud):
    told = openstack(*BOOT, *VIDEO)
    assert (told.code, told.err) == (1, NOT_HERE)
    assert [call.path for call in cloud.calls if "image-props" in call.path] == [OFFER]
    assert not cloud.booted


def test_one_nova_of_several_that_knows_no_overrides_is_told_by_the_same_sentence(openstack, cloud):
    message = (
        "Invalid input for field/attribute server. Value: {'name': 'node-1'}. Additional properties are not allowed "
        "('image_props_override' was unexpected)"
    )
    cloud.has_overrides()
    answer = {"badRequest": {"code": 400, "message": message}}
    cloud.answers("POST", f"{NOVA}/servers", status="400 Bad Request", json=answer)
    told = openstack(*BOOT, *VIDEO)
    assert (told.code, told.err) == (1, NOT_HERE)


def test_another_key_that_nova_does_not_know_is_its_own_sentence(openstack, cloud):
    message = "Value: {'image_props_override': {}}. Additional properties are not allowed ('tags' was unexpected)"
    cloud.has_overrides()
    answer = {"badRequest": {"code": 400, "message": message}}
    cloud.answers("POST", f"{NOVA}/servers", status="400 Bad Request", json=answer)
    assert "('tags' was unexpected)" in openstack(*BOOT, *VIDEO).err


def test_who_may_not_look_at_the_list_may_boot(openstack, cloud):
    cloud.answers("GET", OFFER, status="403 Forbidden", headers={"X-Glance-Related-Code": "glance_related.forbidden"})
    cloud.makes_server(image_props_override=IN_FORCE)
    assert openstack(*BOOT, *VIDEO).code == 0


@pytest.mark.parametrize("status", ["403 Forbidden", "500 Internal Server Error", "503 Service Unavailable"])
def test_where_it_is_not_known_whether_overrides_are_there_no_server_is_made(openstack, cloud, status):
    cloud.answers("GET", OFFER, status=status)
    cloud.makes_server(image_props_override=IN_FORCE)
    told = openstack(*BOOT, *VIDEO)
    assert told.code == 1
    assert status[:3] in told.err
    assert not cloud.booted


@pytest.mark.parametrize("shown", [{}, {"image_props_override": {}}])
def test_a_server_that_shows_no_overrides_is_not_taken_for_one_that_has_them(openstack, cloud, shown):
    cloud.has_overrides()
    cloud.makes_server(**shown)
    told = openstack(*BOOT, *VIDEO)
    assert (told.code, told.out) == (1, "")
    assert f"Server {SERVER} was made, but Nova does not show that image properties are overridden" in told.err


def test_the_client_that_other_commands_share_stays_as_it_is(openstack, cloud):
    cloud.has_overrides()
    cloud.makes_server(image_props_override=IN_FORCE)
    words = [" ".join(("server", "boot", *ARGUMENTS, *VIDEO)), " ".join(("server", "create", *ARGUMENTS))]
    openstack(stdin="\n".join([*words, "quit", ""]))
    assert ["image_props_override" in sent for sent in cloud.booted] == [True, False]
