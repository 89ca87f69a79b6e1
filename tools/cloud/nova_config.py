"""What stands in a Nova's files: nova.conf, what each program has besides, api-paste.ini."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from cloud import Trouble, paste

if TYPE_CHECKING:
    from cloud.nova import Nova


# oslo.log's own list, in which one name is more talkative: it says when a program listens to its queue.
_LOG_LEVELS = (
    "amqp=WARN,amqplib=WARN,qpid=WARN,sqlalchemy=WARN,oslo.messaging=INFO,oslo_messaging=INFO,iso8601=WARN,"
    "requests.packages.urllib3.connectionpool=WARN,urllib3.connectionpool=WARN,urllib3.util.retry=WARN,"
    "keystonemiddleware=WARN,routes.middleware=WARN,stevedore=WARN,keystoneauth=WARN,oslo.cache=INFO,"
    "oslo_policy=INFO,dogpile.core.dogpile=INFO,nova.service=DEBUG"
)


def nova_conf(nova: Nova) -> str:
    """What all programs of one Nova share."""
    account = nova.keystone.account(nova.user, nova.region)
    authtoken = nova.keystone.authtoken(
        nova.user, nova.region, service_token_roles_required=nova.service_token_roles_required
    )
    return f"""\
[DEFAULT]
host = {nova.host}
my_ip = 127.0.0.1
state_path = {nova.data}
transport_url = {nova.rabbitmq.url(nova.name)}
compute_driver = pretended.PretendedHypervisor
allow_resize_to_same_host = true
graceful_shutdown_timeout = 10
manager_shutdown_timeout = 5
default_log_levels = {_LOG_LEVELS}
[api]
auth_strategy = keystone
{_vendordata(nova)}
[oslo_concurrency]
lock_path = {nova.data}/lock
[oslo_messaging_notifications]
driver = noop
{authtoken}
service_type = compute
[service_user]
send_service_user_token = {str(nova.send_service_user_token).lower()}
{account}
[placement]
{account}
[neutron]
{account}
service_metadata_proxy = true
metadata_proxy_shared_secret = {nova.metadata_secret}
[vendordata_dynamic_auth]
{account}
[glance]
region_name = {nova.region}
[vnc]
enabled = false
[conductor]
workers = 1
[scheduler]
workers = 1
[filter_scheduler]
enabled_filters = ComputeFilter,ComputeCapabilitiesFilter,ImagePropertiesFilter
[quota]
instances = -1
cores = -1
ram = -1
{nova.conf_extra}
"""


def _vendordata(nova: Nova) -> str:
    """Guests are given what our filter in front of this Nova's API has for them, if it stands there."""
    if "glance_related" not in nova.api.words.split():
        return ""
    target = f"cloud-init@{nova.url}/v2.1/vendordata"
    return f"vendordata_providers = StaticJSON,DynamicJSON\nvendordata_dynamic_targets = {target}"


def databases_conf(nova: Nova) -> str:
    """What all but nova-compute have besides: a compute host is not let near a database."""
    return f"""\
[api_database]
connection = {nova.database("api")}
[database]
connection = {nova.database("cell1")}
"""


def program_conf(log: Path, extra: str = "") -> str:
    """What one program has besides."""
    return f"""\
[DEFAULT]
log_file = {log}
{extra}
"""


def paste_ini(
    venv: Path, words: str, conf: Path | None, extra: str = "", *, metadata_words: str = "", page: bool = False
) -> str:
    """Nova's stock file with `words` in every pipeline of its API, and others in that of its metadata service.

    :param page: whether the page of the package menu stands beside the API
    """
    text = (venv / "etc" / "nova" / "api-paste.ini").read_text()
    for ours, place in ((words, "api"), (metadata_words, "metadata")):
        if ours:
            text = _insert_words(text, ours, place) + paste.sections(ours, conf)
    if page:
        text = paste.with_page(text, conf)
    return f"{text}\n{extra}\n"


# Between which two words ours stand, by whose pipelines they are.
_PLACES = {
    "api": ("authtoken", "keystonecontext", r"(?m)^(keystone\S* = .*\bauthtoken)(?= keystonecontext\b)"),
    "metadata": ("http_proxy_to_wsgi", "metaapp", r"(?m)^(pipeline = .*\bhttp_proxy_to_wsgi)(?= metaapp\b)"),
}


def _insert_words(text: str, words: str, place: str) -> str:
    before, after, pattern = _PLACES[place]
    changed, count = re.subn(pattern, rf"\1 {words}", text)
    if not count:
        raise Trouble(f"this Nova's paste file has no line `... {before} {after} ...`")
    return changed
