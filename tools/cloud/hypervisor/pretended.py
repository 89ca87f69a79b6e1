"""nova.virt.pretended: a hypervisor on which nothing runs, and which deals with images as libvirt's driver does.

A boot downloads the image, a rescue too; a server has a disk in a folder of its own, and a config drive
where one is asked for; a snapshot uploads the disk. What machine libvirt would define for a server is written
down beside its disk, as the properties of its image that the driver is given. Each makes the calls that
libvirt's driver makes, in its order, with Nova's own functions where these are not libvirt's. (Nova's own fake
driver uploads nothing.)
"""

import json
import os
import shutil

import nova.conf
from nova import context as nova_context
from nova import exception, objects
from nova.api.metadata import base as instance_metadata
from nova.compute import power_state, task_states
from nova.image import glance
from nova.virt import configdrive, fake, images

CONF = nova.conf.CONF


class PretendedHypervisor(fake.FakeDriverWithoutFakeNodes):
    """One host; its servers survive a restart of nova-compute, as they do on a real one."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._images = glance.API()

    def init_host(self, host):
        super().init_host(host)
        for instance in objects.InstanceList.get_by_host(nova_context.get_admin_context(), host):
            state = power_state.RUNNING if instance.power_state is None else instance.power_state
            self.instances[instance.uuid] = fake.FakeInstance(instance.name, state, instance.uuid)
            flavor = instance.flavor
            self.resources.claim(vcpus=flavor.vcpus, mem=flavor.memory_mb, disk=flavor.root_gb)

    def spawn(self, context, instance, image_meta, injected_files, *args, **kwargs):
        os.makedirs(_folder(instance), exist_ok=True)
        if instance.image_ref:
            # Never from a cache: each boot is one with an image that this host has not seen.
            _download(context, instance.image_ref, _disk(instance), instance.trusted_certs)
        network_info = kwargs.get("network_info") or (args[2] if len(args) > 2 else None)
        if configdrive.required_by(instance):
            _make_config_drive(instance, injected_files, network_info)
        _define(instance, image_meta, "machine")
        super().spawn(context, instance, image_meta, injected_files, *args, **kwargs)

    def rescue(self, context, instance, network_info, image_meta, *args, **kwargs):
        image_id = image_meta.id if image_meta.obj_attr_is_set("id") else instance.image_ref
        if image_id:
            _download(context, image_id, f"{_disk(instance)}.rescue", instance.trusted_certs)
        _define(instance, image_meta, "machine.rescue")
        super().rescue(context, instance, network_info, image_meta, *args, **kwargs)

    def reboot(self, context, instance, *args, **kwargs):
        # libvirt defines the machine anew for a hard reboot, by what Nova has stored of the image
        _define(instance, instance.image_meta, "machine")
        super().reboot(context, instance, *args, **kwargs)

    def destroy(self, context, instance, network_info, block_device_info=None, destroy_disks=True, **kwargs):
        super().destroy(context, instance, network_info, block_device_info, destroy_disks, **kwargs)
        if destroy_disks:
            shutil.rmtree(_folder(instance), ignore_errors=True)

    def snapshot(self, context, instance, image_id, update_task_state):
        if instance.uuid not in self.instances:
            raise exception.InstanceNotRunning(instance_id=instance.uuid)
        name = self._images.get(context, image_id)["name"]
        pending, uploading = task_states.IMAGE_PENDING_UPLOAD, task_states.IMAGE_UPLOADING
        # To and fro: libvirt first tries a snapshot in the storage itself, which plain files do not have.
        update_task_state(task_state=pending)
        update_task_state(task_state=uploading, expected_state=pending)
        update_task_state(task_state=pending, expected_state=uploading)
        update_task_state(task_state=uploading, expected_state=pending)
        with open(_disk(instance), "rb") as disk:
            self._images.update(context, image_id, _described(instance, name), disk)


def _folder(instance):
    return os.path.join(CONF.instances_path, instance.uuid)


def _disk(instance):
    return os.path.join(_folder(instance), "disk")


def _define(instance, image_meta, name):
    """The machine: what the driver is told of the image's properties."""
    os.makedirs(_folder(instance), exist_ok=True)
    properties = image_meta.properties
    told = {field: getattr(properties, field) for field in properties.fields if properties.obj_attr_is_set(field)}
    with open(os.path.join(_folder(instance), f"{name}.json"), "w") as file:
        json.dump(told, file, default=sorted)


def _download(context, image_id, path, trusted_certs):
    """The image as a raw disk: its data, and its metadata once more to compare the format with."""
    images.fetch_to_raw(context, image_id, path, trusted_certs)


def _make_config_drive(instance, injected_files, network_info):
    """Once for each server, with files and networks in it, and never overwritten."""
    path = os.path.join(_folder(instance), "disk.config")
    if os.path.exists(path):
        return
    metadata = instance_metadata.InstanceMetadata(
        instance, content=injected_files, extra_md={}, network_info=network_info
    )
    with configdrive.ConfigDriveBuilder(instance_md=metadata) as builder:
        builder.make_drive(path)


def _described(instance, name):
    """What libvirt's driver says of an image before it uploads the data."""
    meta = instance.image_meta
    properties = {
        "kernel_id": instance.kernel_id,
        "ramdisk_id": instance.ramdisk_id,
        "owner_id": instance.project_id,
        "image_location": "snapshot",
        "image_state": "available",
    }
    if instance.os_type:
        properties["os_type"] = instance.os_type
    return {
        "name": name,
        "status": "active",
        "disk_format": "raw",
        "container_format": meta.container_format if meta.obj_attr_is_set("container_format") else "bare",
        "properties": properties,
    }
