"""`ExtendedServer`: openstacksdk's server, with what the suite adds to it."""

from __future__ import annotations

from openstack.compute.v2.server import Server
from openstack.resource import Body

OVERRIDES = "image_props_override"
PACKAGES, VARIABLES = "packages", "package_variables"


class ExtendedServer(Server):
    """What openstacksdk does not know of: it drops what it has no attribute for."""

    image_props_override = Body(OVERRIDES, type=dict)
    packages = Body(PACKAGES, type=list)
    package_variables = Body(VARIABLES, type=dict)
