"""What `InstanceAwareImageService` sends, and what it refuses to send."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from openstack import exceptions
from openstack.image.v2.image import Image

from glance_related.client import InstanceAwareImageService, NotBound
from glance_related.instance_ref import InstanceRef
from tests.unit.client.conftest import NOVA

TUPLE = {"nova_installation_uuid": NOVA, "instance_id": "i-1"}
ANOTHER_NOVA = "99999999-8888-7777-6666-555555555555"


def image(image_id="a", **more):
    return {"id": image_id, "name": "monday", "self": f"/v2/images/{image_id}", "tags": [], **more}


# -- making


def test_an_image_is_made_with_the_tuple_and_without_a_look_at_others_of_that_name(service, glance):
    glance.answers("POST", "/v2/images", status="201 Created", json=image(**TUPLE))
    made = service.create_image("monday", "i-1", min_disk=1, team="blue", meta={"os_distro": "debian"})
    assert service.instance_of(made) == InstanceRef(NOVA, "i-1")
    (sent,) = glance.asked("POST", "/v2/images")
    expected = {**TUPLE, "name": "monday", "team": "blue", "min_disk": 1, "os_distro": "debian"}
    assert expected.items() <= sent.json.items()
    assert not glance.asked("GET", "/v2/images")


def test_an_image_that_comes_back_without_its_instance_is_told(service, glance):
    glance.answers("POST", "/v2/images", status="201 Created", json=image())
    glance.answers("GET", "/v2/images/a", json=image())
    with pytest.raises(NotBound, match="image a was made, and is not bound to instance i-1"):
        service.create_image("monday", "i-1")


def test_an_answer_that_shows_less_than_there_is_is_looked_up(service, glance):
    glance.answers("POST", "/v2/images", status="201 Created", json=image())
    glance.answers("GET", "/v2/images/a", json=image(**TUPLE))
    assert service.create_image("monday", "i-1").id == "a"


@pytest.mark.parametrize("instance_id", ["", "x" * 256, "a\nb", "a\0"])
def test_an_instance_that_cannot_be_one_is_refused_before_anything_is_sent(service, glance, instance_id):
    with pytest.raises(ValueError, match="1 to 255 characters"):
        service.create_image("monday", instance_id)
    with pytest.raises(ValueError, match="1 to 255 characters"):
        service.images(instance_id)
    with pytest.raises(ValueError, match="1 to 255 characters"):
        service.update_image("a", instance_id=instance_id)
    assert not [call for call in glance.calls if "/images" in call.path]


@pytest.mark.parametrize(
    "attrs",
    [
        {"nova_installation_uuid": ANOTHER_NOVA},
        {"meta": {"instance_id": "i-2"}},
        {"properties": {"nova_installation_uuid": ANOTHER_NOVA}},
        {"allow_duplicates": False},
    ],
)
def test_a_second_opinion_of_the_tuple_is_refused_before_anything_is_sent(service, glance, attrs):
    with pytest.raises(ValueError, match=r"instance"):
        service.create_image("monday", "i-1", **attrs)
    assert not glance.asked("POST", "/v2/images")


def test_glances_tasks_are_refused_because_they_go_by_the_filter(service, connection, glance):
    connection.image_api_use_tasks = True
    with pytest.raises(ValueError, match="image_api_use_tasks"):
        service.create_image("monday", "i-1", data=b"x")
    assert not glance.asked("POST", "/v2/images")


@pytest.mark.parametrize("uuid", ["", "nova", f"{NOVA}0"])
def test_an_installation_is_a_uuid(connection, uuid):
    with pytest.raises(ValueError, match="no UUID"):
        InstanceAwareImageService(connection, uuid)


def test_every_spelling_of_an_installation_is_one(connection):
    assert InstanceAwareImageService(connection, NOVA.replace("-", "").upper()).nova_installation_uuid == NOVA


# -- finding


def queries(glance):
    return [parse_qs(call.query) for call in glance.asked("GET", "/v2/images")]


def test_a_list_is_narrowed_by_the_pair_and_by_whatever_else_is_asked(service, glance):
    glance.answers("GET", "/v2/images", json={"images": [image(**TUPLE)]})
    (one,) = service.images("i-1", image_type="backup", is_hidden=True, tag=["a", "b"], limit=5)
    assert isinstance(one, Image)
    assert one.properties["instance_id"] == "i-1"
    (query,) = queries(glance)
    assert query == {
        **{name: [value] for name, value in TUPLE.items()},
        "image_type": ["backup"], "os_hidden": ["true"], "tag": ["a", "b"], "limit": ["5"],
    }  # fmt: skip


def test_without_an_instance_the_whole_nova_is_listed(service, glance):
    glance.answers("GET", "/v2/images", json={"images": []})
    assert list(service.images()) == []
    assert queries(glance) == [{"nova_installation_uuid": [NOVA]}]


def test_links_are_followed_letter_by_letter_until_there_is_none(service, glance):
    rest = "limit=1&marker=a&instance_id=i%2F1"
    glance.answers("GET", "/v2/images", json={"images": [image("a")], "next": f"/v2/images?{rest}"})
    glance.answers("GET", "/v2/images", json={"images": [], "next": "/v2/images?marker=b"})  # a page may be empty
    glance.answers("GET", "/v2/images", json={"images": [image("c")]})
    assert [one.id for one in service.images("i/1", limit=1)] == ["a", "c"]
    assert [call.query for call in glance.asked("GET", "/v2/images")][1:] == [rest, "marker=b"]


def test_nothing_is_asked_before_the_first_image_is(service, glance):
    glance.answers("GET", "/v2/images", json={"images": [image("a"), image("b")], "next": "/v2/images?marker=b"})
    walk = service.images("i-1")
    assert queries(glance) == []
    assert next(walk).id == "a"
    assert len(queries(glance)) == 1


def test_a_customers_images_are_asked_for_with_or_without_an_instance(service, glance):
    glance.answers("GET", "/v2/images", json={"images": []})
    assert list(service.images_of_customer("p-1", visibility="private")) == []
    assert list(service.images_of_customer("p-1", instance_id="i-1")) == []
    pair = {name: [value] for name, value in TUPLE.items()}
    assert queries(glance) == [{"customer": ["p-1"], "visibility": ["private"]}, {"customer": ["p-1"], **pair}]


def test_a_customer_must_be_named(service):
    with pytest.raises(ValueError, match="id of a project"):
        service.images_of_customer("")


@pytest.mark.real  # it waits for seconds
def test_a_refused_list_is_the_sdks_error_with_the_filters_sentence(service, glance):
    error = {"message": "The database is down.", "code": "503 Service Unavailable", "title": "Service Unavailable"}
    glance.answers("GET", "/v2/images", status="503 Service Unavailable", json=error)
    with pytest.raises(exceptions.HttpException, match="database is down"):
        list(service.images("i-1"))


@pytest.mark.parametrize(
    ("shown", "ref"),
    [
        (TUPLE, InstanceRef(NOVA, "i-1")),
        ({**TUPLE, "nova_installation_uuid": ANOTHER_NOVA}, InstanceRef(ANOTHER_NOVA, "i-1")),
        ({"instance_id": "i-1"}, None),
        ({}, None),
    ],
)
def test_an_image_tells_its_instance_and_an_id_is_looked_up(service, glance, shown, ref):
    glance.answers("GET", "/v2/images/a", json=image(**shown))
    assert service.instance_of("a") == ref
    asked = len(glance.calls)
    assert service.instance_of(service.get_image("a")) == ref
    assert len(glance.calls) == asked + 1


# -- changing


def changes(glance):
    (call,) = glance.asked("PATCH", "/v2/images/a")
    assert call.headers["Content-Type"] == "application/openstack-images-v2.1-json-patch"
    return [(one["op"], one["path"], one.get("value")) for one in call.json]


def test_only_what_is_named_is_changed_in_one_request(service, glance):
    glance.answers("PATCH", "/v2/images/a", json=image(**TUPLE, team="blue"))
    changed = service.update_image(
        "a", name="tuesday", is_protected=True, team="blue", remove=["a/b~c"], properties={"os_distro": "debian"}
    )
    assert changed.properties["team"] == "blue"
    assert changes(glance) == [
        ("add", "/name", "tuesday"),
        ("add", "/protected", True),
        ("add", "/team", "blue"),
        ("add", "/os_distro", "debian"),
        ("remove", "/a~1b~0c", None),
    ]
    assert not glance.asked("GET", "/v2/images/a")


def test_an_image_is_bound_by_its_object_as_by_its_id(service, glance):
    glance.answers("PATCH", "/v2/images/a", json=image(**TUPLE))
    assert service.instance_of(service.update_image(Image(id="a"), instance_id="i-1")) == InstanceRef(NOVA, "i-1")
    assert changes(glance) == [("add", f"/{name}", value) for name, value in TUPLE.items()]


def test_an_image_is_unbound_by_none(service, glance):
    glance.answers("GET", "/v2/images/a", json=image(**TUPLE))
    glance.answers("PATCH", "/v2/images/a", json=image())
    assert service.instance_of(service.update_image("a", instance_id=None)) is None
    assert changes(glance) == [("remove", f"/{name}", None) for name in TUPLE]


def test_an_image_that_is_bound_to_nothing_is_left_as_it_is(service, glance):
    glance.answers("GET", "/v2/images/a", json=image())
    assert service.update_image("a", instance_id=None).id == "a"
    assert service.update_image("a").id == "a"
    assert not glance.asked("PATCH", "/v2/images/a")


@pytest.mark.parametrize(
    "attrs", [{"remove": ["instance_id"]}, {"properties": {"instance_id": "i-2"}}, {"nova_installation_uuid": NOVA}]
)
def test_a_tuple_among_other_attributes_is_refused(service, glance, attrs):
    with pytest.raises(ValueError, match=r"instance_id=\.\.\. alone"):
        service.update_image("a", **attrs)
    assert not glance.asked("PATCH", "/v2/images/a")


def test_a_refused_change_is_the_sdks_error_with_the_filters_sentence(service, glance):
    error = {"message": "A tuple is set by trusted programs only.", "code": "403 Forbidden", "title": "Forbidden"}
    glance.answers("PATCH", "/v2/images/a", status="403 Forbidden", json=error)
    with pytest.raises(exceptions.ForbiddenException, match="trusted programs"):
        service.update_image("a", instance_id="i-1")
    (call,) = glance.asked("PATCH", "/v2/images/a")
    assert call.headers["Accept"] == "application/json"  # to anything else the sentence comes as a page


def test_an_image_is_deleted_and_one_that_is_gone_is_no_error_unless_asked(service, glance):
    glance.answers("DELETE", "/v2/images/a", status="204 No Content")
    service.delete_image("a")
    assert glance.asked("DELETE", "/v2/images/a")
    service.delete_image("gone")
    with pytest.raises(exceptions.NotFoundException):
        service.delete_image("gone", ignore_missing=False)
