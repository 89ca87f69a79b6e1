"""`InstanceAwareImageService` in the hands of a backup scheduler, who is a trusted program, and of others."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import textwrap
import uuid

import pytest
from openstack import exceptions

from glance_related import client
from glance_related.client import InstanceAwareImageService
from glance_related.instance_ref import InstanceRef
from tests.real.clients.people import environment_of, sdk


@pytest.fixture
def service(cloud, glance):
    """The service, as anyone."""
    return lambda who: InstanceAwareImageService(sdk(cloud, glance, who), cloud.installation)


@pytest.fixture
def instance():
    return f"i-{uuid.uuid4()}"


def test_a_scheduler_makes_finds_and_deletes_the_backups_of_a_server(cloud, service, instance):
    scheduler = service("scheduler")
    content = b"a backup" * 10_000
    formats = {"disk_format": "raw", "container_format": "bare"}
    made = [
        scheduler.create_image("monday", instance, data=content, backup_type="daily", **formats),
        scheduler.create_image("monday", instance, backup_type="weekly", **formats),  # called the same, and another
    ]
    other = scheduler.create_image("monday", f"{instance}-other", backup_type="daily", **formats)
    ref = InstanceRef(cloud.installation, instance)
    assert [scheduler.instance_of(image) for image in made] == [ref, ref]
    for image in made:
        assert cloud.stored(image.id) == (cloud.installation, instance)
        assert not {"nova_installation_uuid", "instance_id"} & set(cloud.native(image.id))
    assert {image.id for image in scheduler.images(instance)} == {image.id for image in made}
    assert [image.id for image in scheduler.images(instance, backup_type="daily")] == [made[0].id]
    whole_nova = [image.id for image in scheduler.images(limit=50)]
    assert {*(image.id for image in made), other.id} <= set(whole_nova)
    assert len(whole_nova) == len(set(whole_nova))
    assert sdk(cloud, cloud.glance("stock"), "scheduler").image.download_image(made[0].id).content == content
    scheduler.delete_image(made[0])
    assert [image.id for image in scheduler.images(instance)] == [made[1].id]
    assert cloud.stored(made[0].id) is None


def test_a_list_is_walked_in_pages_of_any_size_in_glances_order(service, scene):
    for limit in (1, 2, 3, 100):
        walked = service("alice").images(scene.instance, limit=limit, sort="created_at:desc")
        assert [image.id for image in walked] == scene.bound
    assert list(service("bob").images(scene.instance)) == []


def test_a_change_leaves_every_other_property_and_the_instance_alone(cloud, service, scene):
    alice = service("alice")
    alice.update_image(scene.bound[0], team="blue", os_distro="debian")
    changed = alice.update_image(alice.get_image(scene.bound[0]), name="renamed", remove=["team"], is_protected=False)
    assert (changed.name, changed.os_distro, changed.is_protected) == ("renamed", "debian", False)
    assert alice.instance_of(changed) == InstanceRef(cloud.installation, scene.instance)
    assert cloud.native(scene.bound[0]) == {"os_distro": "debian"}
    assert cloud.stored(scene.bound[0]) == (cloud.installation, scene.instance)


def test_a_scheduler_binds_unbinds_and_binds_again_without_a_trace_in_glances_tables(cloud, service, instance):
    scheduler = service("scheduler")
    image_id = cloud.image(cloud.glance("stock"), "scheduler", os_distro="debian")
    assert scheduler.instance_of(image_id) is None
    bound = scheduler.update_image(image_id, instance_id=instance, team="blue")
    assert scheduler.instance_of(bound) == InstanceRef(cloud.installation, instance)
    assert cloud.stored(image_id) == (cloud.installation, instance)
    scheduler.update_image(image_id, instance_id=f"{instance}-moved")
    assert cloud.stored(image_id) == (cloud.installation, f"{instance}-moved")
    assert scheduler.instance_of(scheduler.update_image(image_id, instance_id=None)) is None
    assert cloud.stored(image_id) is None
    assert scheduler.update_image(image_id, instance_id=None).id == image_id  # once more does no harm
    assert cloud.native(image_id) == {"os_distro": "debian", "team": "blue"}


def test_a_customer_may_look_and_is_refused_the_rest_in_a_sentence(cloud, service, scene):
    alice = service("alice")
    assert alice.instance_of(scene.bound[0]) == InstanceRef(cloud.installation, scene.instance)
    before = len(list(sdk(cloud, cloud.glance("stock"), "alice").image.images(limit=500)))
    with pytest.raises(exceptions.ForbiddenException, match="trusted programs"):
        alice.create_image("mine", scene.instance)
    with pytest.raises(exceptions.ForbiddenException, match="trusted programs"):
        alice.update_image(scene.other, instance_id=scene.instance)
    with pytest.raises(exceptions.ForbiddenException, match="trusted programs"):
        alice.update_image(scene.bound[0], instance_id=None)
    assert cloud.stored(scene.other) is None
    assert cloud.stored(scene.bound[0]) == (cloud.installation, scene.instance)
    assert len(list(sdk(cloud, cloud.glance("stock"), "alice").image.images(limit=500))) == before


def test_an_administrator_sees_what_a_customer_would_see(cloud, service, scene):
    admin = service("admin")
    seen = {image.id for image in admin.images_of_customer(cloud.project("alice"), limit=50)}
    assert seen == {image["id"] for image in _all(cloud, "alice")}
    of_instance = admin.images_of_customer(cloud.project("alice"), instance_id=scene.instance, sort="created_at:desc")
    assert [image.id for image in of_instance] == scene.bound
    assert list(admin.images_of_customer(cloud.project("bob"), instance_id=scene.instance)) == []


def test_a_program_of_another_nova_is_refused_in_a_sentence(cloud, service, instance):
    other = service("other-scheduler")
    with pytest.raises(exceptions.ForbiddenException, match="installation"):
        other.create_image("monday", instance)
    assert list(service("admin").images(instance)) == []


def test_the_manuals_lines_do_what_they_say(cloud, glance):
    (block,) = re.findall(r"(?m)^ +var/venv/bin/python (?:.|\n)*?'$", inspect.getdoc(client) or "")
    shell = textwrap.dedent(block).replace("var/venv/bin/python", sys.executable)
    environment = environment_of(cloud, glance, "scheduler") | {"NOVA_INSTALLATION_UUID": cloud.installation}
    done = subprocess.run(["sh", "-euc", shell], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "['monday'] web-1\n"), done.stderr
    assert list(InstanceAwareImageService(sdk(cloud, glance, "admin"), cloud.installation).images("web-1")) == []


def _all(cloud, who):
    """Every image that Glance itself shows to somebody."""
    return sdk(cloud, cloud.glance("stock"), who).image.images(limit=500)
