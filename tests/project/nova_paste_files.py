"""Nova's api-paste.ini, and what must have become of it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from glance_related.cmd.check.nova_pipelines import check_nova, stands_in_nova
from glance_related.cmd.paste import PasteFile
from glance_related.settings.options import DEFAULT_FILE
from tests.project.paste_files import read

#: Our words of Nova's pipelines, in their order.
WORDS = ("instance_aware_nova", "props_override_nova")

#: The two ways into Nova, as Nova 34 has them, with the sections that say what their words are.
NOVAS = """\
[composite:osapi_compute]
use = call:nova.api.openstack.urlmap:urlmap_factory
/: oscomputeversions
/v2/+: openstack_compute_api_v21_legacy_v2_compatible
/v2.1/+: openstack_compute_api_v21

[composite:openstack_compute_api_v21]
use = call:nova.api.auth:pipeline_factory_v21
keystone = cors http_proxy_to_wsgi compute_req_id faultwrap request_log sizelimit osprofiler authtoken keystonecontext osapi_compute_app_v21

[composite:openstack_compute_api_v21_legacy_v2_compatible]
use = call:nova.api.auth:pipeline_factory_v21
keystone = cors http_proxy_to_wsgi compute_req_id faultwrap request_log sizelimit osprofiler authtoken keystonecontext legacy_v2_compatible osapi_compute_app_v21

[filter:compute_req_id]
paste.filter_factory = nova.api.compute_req_id:ComputeReqIdMiddleware.factory

[pipeline:oscomputeversions]
pipeline = cors faultwrap request_log http_proxy_to_wsgi oscomputeversionapp

[filter:keystonecontext]
paste.filter_factory = nova.api.auth:NovaKeystoneContext.factory

[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
"""  # noqa: E501 (Nova's own lines)

#: The installed Nova's, where there is one.
INSTALLED = Path(sys.prefix) / "etc" / "nova" / "api-paste.ini"


def novas_words(text: str) -> dict[str, list[str]]:
    """The two ways into Nova: the composite's name, and the words of its line for Keystone."""
    parser = read(text)
    return {section: parser[section]["keystone"].split() for section in parser if "keystone" in parser[section]}


def assert_is_novas_with_our_words(made: str, stock: str, ours: Sequence[str] = WORDS) -> None:
    """Every way in has our filters where they belong and is else what it was, and ``config check`` finds nothing.

    :param made: a paste file of Nova's
    :param stock: the same as it was before
    :param ours: those of our filters that were put in
    """
    changed, as_it_was = novas_words(made), novas_words(stock)
    assert len(as_it_was) == 2
    assert {name: [word for word in words if word not in ours] for name, words in changed.items()} == as_it_was
    for words in changed.values():
        assert [word for word in words if word in (*WORDS, *ours)] == list(ours)
        behind = words.index("keystonecontext")
        assert words[behind - len(ours) : behind] == list(ours)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "api-paste.ini"
        path.write_text(made)
        paste = PasteFile(path)
        assert [section.system for section in paste.filters] == list(ours)
        assert all(stands_in_nova(paste, word) for word in ours)
        (named,) = {section.config_file for section in paste.filters}
        assert list(check_nova(paste, config_file=named or DEFAULT_FILE)) == []
