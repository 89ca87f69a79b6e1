"""python-glanceclient, which builds its forms from the schema and always walks."""

from __future__ import annotations

import pytest
from glanceclient import exc

from tests.real.clients.people import glanceclient


def test_the_schema_tells_it_of_two_custom_properties(cloud, glance, stock):
    ours = glanceclient(cloud, glance, "alice").schemas.get("image").raw()["properties"]
    theirs = glanceclient(cloud, stock, "alice").schemas.get("image").raw()["properties"]
    for name in ("nova_installation_uuid", "instance_id"):
        assert ours.pop(name)["is_base"] is False
        assert name not in theirs
    assert ours == theirs


def test_it_shows_lists_and_walks(cloud, glance, scene):
    client = glanceclient(cloud, glance, "alice")
    assert client.images.get(scene.bound[0])["instance_id"] == scene.instance
    for page_size in (1, 2, 3, 200):
        walked = client.images.list(filters={"instance_id": scene.instance}, page_size=page_size)
        assert [image["id"] for image in walked] == scene.bound
    everything = [image["id"] for image in client.images.list(page_size=2, limit=7)]
    assert everything[:4] == [scene.other, *scene.bound]


def test_an_image_without_an_instance_is_the_same_as_on_a_stock_glance(cloud, glance, stock, scene):
    ours, theirs = (dict(glanceclient(cloud, one, "alice").images.get(scene.other)) for one in (glance, stock))
    assert ours == theirs


def test_an_administrator_binds_and_unbinds_as_any_property(cloud, glance, scene):
    client = glanceclient(cloud, glance, "admin")
    updated = client.images.update(scene.other, **cloud.tuple(scene.instance))
    assert updated["instance_id"] == scene.instance
    assert cloud.stored(scene.other) == (cloud.installation, scene.instance)
    assert cloud.native(scene.other) == {"os_distro": "debian"}
    client.images.update(scene.other, instance_id="i-moved", os_distro="ubuntu")
    assert cloud.stored(scene.other) == (cloud.installation, "i-moved")
    assert cloud.native(scene.other) == {"os_distro": "ubuntu"}
    unbound = client.images.update(scene.other, remove_props=["nova_installation_uuid", "instance_id"])
    assert "instance_id" not in unbound
    assert cloud.stored(scene.other) is None


def test_a_member_edits_what_is_his_and_is_refused_the_rest(cloud, glance, scene):
    client = glanceclient(cloud, glance, "alice")
    image_id = scene.bound[0]
    assert client.images.update(image_id, team="blue")["team"] == "blue"
    assert client.images.update(image_id, remove_props=["team"])["instance_id"] == scene.instance
    with pytest.raises(exc.HTTPForbidden, match="trusted programs"):
        client.images.update(image_id, instance_id="another")
    with pytest.raises(exc.HTTPForbidden, match="trusted programs"):
        client.images.create(name="mine", **cloud.tuple("another"))
    assert cloud.stored(image_id) == (cloud.installation, scene.instance)


def test_an_unknown_installation_is_a_sentence_that_the_client_can_show(cloud, glance, scene):
    client = glanceclient(cloud, glance, "admin")
    nowhere = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(exc.HTTPBadRequest, match="glance-related-manage installation add"):
        client.images.update(scene.other, **cloud.tuple(scene.instance, nowhere))
    assert cloud.stored(scene.other) is None


def test_data_goes_up_and_down(cloud, glance, tmp_path):
    client = glanceclient(cloud, glance, "alice")
    image = client.images.create(name="data", disk_format="raw", container_format="bare")
    content = b"glanceclient" * 10_000
    (tmp_path / "data").write_bytes(content)
    with (tmp_path / "data").open("rb") as data:
        client.images.upload(image["id"], data)
    assert b"".join(client.images.data(image["id"])) == content
