"""Nova's own metadata service, as it is installed: its handler, its documents, its dynamic vendordata.

Only where it reads from Nova's database and from Neutron something stands in: servers are told here. Nova registers
options of the same names as Glance, so this runs in a process of its own.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import nova.conf
from nova import objects
from nova.api.metadata import base
from nova.api.metadata.handler import MetadataRequestHandler
from nova.network import model
from oslo_log import log

CONF = nova.conf.CONF


class Servers:
    """What Nova's database says of servers.

    :param told: by id: ``project_id``, and ``user_data`` in base64 or None
    """

    def __init__(self, told: Callable[[str], Mapping[str, Any] | None]) -> None:
        self._told = told

    def get(self, server_id: str) -> Any:
        """A server as Nova's own object; None: there is none."""
        told = self._told(server_id)
        if told is None:
            return None
        now = datetime.datetime.now(datetime.UTC)
        flavor = objects.Flavor(
            id=1, flavorid="1", name="m1.tiny", memory_mb=64, vcpus=1, root_gb=1, ephemeral_gb=0, swap=0,
            rxtx_factor=1.0, vcpu_weight=1, extra_specs={}, disabled=False, is_public=True, projects=[],
            created_at=now, updated_at=None, deleted_at=None, deleted=False, description=None,
        )  # fmt: skip
        return objects.Instance(
            id=1, uuid=server_id, project_id=told["project_id"], user_id="alice", image_ref="an-image", key_name=None,
            key_data=None, hostname="one", display_name="one", launch_index=0, reservation_id="r-1",
            availability_zone="nova", user_data=told.get("user_data"), metadata={}, system_metadata={}, flavor=flavor,
            ec2_ids=objects.EC2Ids(instance_id="i-1", ami_id="ami-1", kernel_id=None, ramdisk_id=None),
            keypairs=objects.KeyPairList(objects=[]), device_metadata=None, numa_topology=None,
            info_cache=objects.InstanceInfoCache(network_info=model.NetworkInfo([]), instance_uuid=server_id),
            security_groups=objects.SecurityGroupList(objects=[]), created_at=now,
        )  # fmt: skip


class _NoSecurityGroups:
    def get_instance_security_groups(self, *_: Any) -> list[Any]:
        return []


class _Handler(MetadataRequestHandler):  # type: ignore[misc]
    def __init__(self, servers: Servers) -> None:
        super().__init__()
        self._servers = servers

    def get_metadata_by_instance_id(self, instance_id: str, address: str) -> Any:
        """Where the real one asks the database."""
        server = self._servers.get(instance_id)
        return None if server is None else base.InstanceMetadata(server, address)


def metadata_service(
    servers: Servers, conf: Path, secret: str, vendordata_url: str | None = None, token: str = ""
) -> Callable[[Any, Any], Iterable[bytes]]:
    """Nova's metadata service behind Neutron's proxy.

    :param conf: where its ``nova.conf`` is written
    :param secret: that it shares with the proxy
    :param vendordata_url: of the target ``cloud-init``
    :param token: with which that is asked
    """
    text = f"[neutron]\nservice_metadata_proxy = true\nmetadata_proxy_shared_secret = {secret}\n"
    text += "[api]\ndhcp_domain =\nmetadata_cache_expiration = 0\n"
    if vendordata_url is not None:
        text += "vendordata_providers = StaticJSON,DynamicJSON\n"
        text += f"vendordata_dynamic_targets = cloud-init@{vendordata_url}\n"
        text += f"[vendordata_dynamic_auth]\nauth_type = admin_token\nendpoint = {vendordata_url}\ntoken = {token}\n"
    conf.write_text(text)
    objects.register_all()
    log.register_options(CONF)
    CONF([], project="nova", default_config_files=[str(conf)], default_config_dirs=[])
    base.security_group_api = _NoSecurityGroups()
    base._format_instance_mapping = lambda instance: {}
    handler: Callable[[Any, Any], Iterable[bytes]] = _Handler(servers)
    return handler
