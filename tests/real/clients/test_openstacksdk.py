"""openstacksdk, which sends all custom properties to change one of them."""

from __future__ import annotations

import uuid

import pytest
from openstack import exceptions

from tests.real.clients.people import sdk


def test_it_shows_and_walks_as_on_a_stock_glance(cloud, glance, stock, scene):
    image_api = sdk(cloud, glance, "alice").image
    image = image_api.get_image(scene.bound[0])
    assert image.properties["instance_id"] == scene.instance
    assert image.properties["nova_installation_uuid"] == cloud.installation
    theirs = [image.id for image in sdk(cloud, stock, "alice").image.images(limit=100)]
    for limit in (2, 100):
        walked = list(image_api.images(limit=limit))
        assert [image.id for image in walked] == theirs
        assert [image.id for image in walked if _instance(image) == scene.instance] == scene.bound


def test_it_lists_by_instance_where_it_is_given_the_query_itself(cloud, glance, scene):
    """`images()` sends no property filter, to a stock Glance neither; its adapter does."""
    page = sdk(cloud, glance, "alice").image.get("/images", params={"instance_id": scene.instance}).json()
    assert [image["id"] for image in page["images"]] == scene.bound


def test_an_image_without_an_instance_is_the_same_as_on_a_stock_glance(cloud, glance, stock, scene):
    ours, theirs = (sdk(cloud, one, "alice").image.get_image(scene.other).to_dict() for one in (glance, stock))
    assert (ours["os_distro"], ours["properties"]) == ("debian", {})
    assert _without_location(ours) == _without_location(theirs)


def test_an_administrator_binds_changes_and_unbinds(cloud, glance, scene):
    image_api = sdk(cloud, glance, "admin").image
    image_api.update_image(scene.other, **cloud.tuple(scene.instance))
    assert cloud.stored(scene.other) == (cloud.installation, scene.instance)
    image = image_api.get_image(scene.other)
    image_api.update_image(image, properties={**image.properties, "instance_id": "i-moved"})
    assert cloud.stored(scene.other) == (cloud.installation, "i-moved")
    image = image_api.get_image(scene.other)
    assert image.properties["instance_id"] == "i-moved"
    image_api.update_image(image, properties={"os_distro": "ubuntu"})
    assert cloud.stored(scene.other) is None
    assert cloud.native(scene.other) == {"os_distro": "ubuntu"}


def test_a_member_edits_what_is_his_and_is_refused_the_rest(cloud, glance, scene):
    image_api = sdk(cloud, glance, "alice").image
    image = image_api.get_image(scene.bound[0])
    assert image_api.update_image(image, name="renamed").name == "renamed"
    image = image_api.get_image(scene.bound[0])
    image_api.update_image(image, properties={**image.properties, "team": "blue"})
    assert cloud.native(scene.bound[0]) == {"team": "blue"}
    # what is left out, the SDK removes: of a stock Glance's properties too
    image = image_api.get_image(scene.bound[0])
    with pytest.raises(exceptions.ForbiddenException):
        image_api.update_image(image, properties={"team": "red"})
    assert cloud.native(scene.bound[0]) == {"team": "blue"}
    assert cloud.stored(scene.bound[0]) == (cloud.installation, scene.instance)


def test_data_goes_up_and_down(cloud, glance):
    image_api = sdk(cloud, glance, "alice").image
    content = b"openstacksdk" * 10_000
    # the SDK looks for an image of that name first, and refuses to guess between two
    image = image_api.create_image(
        f"data-{uuid.uuid4()}", data=content, disk_format="raw", container_format="bare", validate_checksum=True
    )
    assert image_api.download_image(image).content == content


def _instance(image):
    return (image.properties or {}).get("instance_id")


def _without_location(image):
    """The SDK says by which cloud it came; the two differ in that alone."""
    return {name: value for name, value in image.items() if name != "location"}
