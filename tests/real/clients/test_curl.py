"""curl: what is on the wire, letter by letter."""

from __future__ import annotations

import json

from tests.real.clients.people import curl


def test_a_list_by_instance_is_walked_by_its_links_in_the_words_of_the_client(cloud, glance, scene):
    path = f"/v2/images?limit=2&instance_id={scene.instance}&sort=created_at:desc"
    found = []
    while path:
        page = json.loads(curl(cloud, glance, "alice", path))
        found += [image["id"] for image in page["images"]]
        assert f"instance_id={scene.instance}" in page["first"]
        assert "id=in" not in page["first"] + page.get("next", "")
        path = page.get("next")
    assert found == scene.bound


def test_what_has_no_tuple_is_stocks_own_bytes(cloud, glance, stock, scene):
    for path in (f"/v2/images/{scene.other}", f"/v2/images?id={scene.other}", "/v2/images?os_distro=none&limit=7",
                 f"/v2/images/{scene.other}/members", "/v2/schemas/member"):  # fmt: skip
        assert curl(cloud, glance, "alice", path) == curl(cloud, stock, "alice", path), path


def test_lists_differ_from_stocks_by_the_two_properties_only(cloud, glance, stock, scene):
    path = "/v2/images?limit=3&tag=a&tag=b&visibility=private"
    assert curl(cloud, glance, "alice", path) == curl(cloud, stock, "alice", path)
    ours = json.loads(curl(cloud, glance, "alice", "/v2/images?limit=4"))
    theirs = json.loads(curl(cloud, stock, "alice", "/v2/images?limit=4"))
    for image in ours["images"]:
        assert (image["id"] in scene.bound) == (image.pop("instance_id", None) == scene.instance)
        image.pop("nova_installation_uuid", None)
    assert ours == theirs


def test_a_member_renames_a_bound_image_and_it_stays_bound(cloud, glance, stock, scene):
    image_id = scene.bound[0]
    change = json.dumps([{"op": "replace", "path": "/name", "value": "renamed"}])
    media_type = "Content-Type: application/openstack-images-v2.1-json-patch"
    answer = json.loads(
        curl(cloud, glance, "alice", f"/v2/images/{image_id}", "-X", "PATCH", "--data", change, "-H", media_type)
    )
    assert (answer["name"], answer["instance_id"]) == ("renamed", scene.instance)
    assert cloud.native(image_id) == {}
    assert json.loads(curl(cloud, stock, "alice", f"/v2/images/{image_id}"))["name"] == "renamed"


def test_image_data_goes_up_and_down(cloud, glance, scene, tmp_path):
    data = tmp_path / "data"
    data.write_bytes(bytes(range(256)) * 4096)
    path = f"/v2/images/{cloud.image(glance, 'alice', disk_format='raw', container_format='bare')}/file"
    octets = "Content-Type: application/octet-stream"
    curl(cloud, glance, "alice", path, "-X", "PUT", "-H", octets, "--upload-file", str(data))
    assert curl(cloud, glance, "alice", path) == data.read_bytes()
