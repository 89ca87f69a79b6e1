"""The paths of Nova's API that the suite changes, as they stand behind ``/v2.1`` and ``/v2``.

Nova takes each with and without a project in front, and knows servers by two names.
"""

_PROJECT = "/{project_id}"


def _spelt(*paths: str) -> tuple[str, ...]:
    return tuple(prefix + path for path in paths for prefix in ("", _PROJECT))


#: All servers; ``os-volumes_boot`` is a second name of ``servers``.
SERVERS = _spelt("/servers", "/os-volumes_boot")
#: All servers, with everything about them.
SERVERS_DETAIL = _spelt("/servers/detail", "/os-volumes_boot/detail")
SERVER = _spelt("/servers/{server_id}", "/os-volumes_boot/{server_id}")
#: An action on a server.
SERVER_ACTION = _spelt("/servers/{server_id}/action", "/os-volumes_boot/{server_id}/action")

#: Our own: what may be overridden.
IMAGE_PROPS_OVERRIDE = _spelt("/image-props-override")

#: Properties of an image, through Nova's proxy of Glance (microversions to 2.38).
IMAGE_METADATA = _spelt("/images/{image_id}/metadata")
IMAGE_METADATA_ITEM = _spelt("/images/{image_id}/metadata/{key}")

#: Our own: the package menu, of the cloud and of projects, and what servers have of it.
PACKAGE_MENU = _spelt("/package-menu")
PACKAGE_MENU_ENTRY = _spelt("/package-menu/{name}")
PACKAGE_MENU_SERVERS = _spelt("/package-menu/{name}/servers")
PACKAGE_MENU_PROJECTS = _spelt("/package-menu/projects")
PACKAGE_MENU_PROJECT = _spelt("/package-menu/projects/{of_project}")
PACKAGE_MENU_PROJECT_ENTRY = _spelt("/package-menu/projects/{of_project}/{name}")
PACKAGE_MENU_NODE = _spelt("/package-menu/nodes/{certname}")
SERVER_PACKAGES = _spelt("/servers/{server_id}/packages")
SERVER_PACKAGES_HISTORY = _spelt("/servers/{server_id}/packages/history")
SERVER_PACKAGE = _spelt("/servers/{server_id}/packages/{name}")

#: Our own: what Nova asks for a server's first boot, and what the suite tells of itself.
VENDORDATA = _spelt("/vendordata")
ABOUT = _spelt("/glance-related")

#: All of these: what Nova does not know.
OWN = frozenset(
    (
        *IMAGE_PROPS_OVERRIDE,
        *PACKAGE_MENU,
        *PACKAGE_MENU_ENTRY,
        *PACKAGE_MENU_SERVERS,
        *PACKAGE_MENU_PROJECTS,
        *PACKAGE_MENU_PROJECT,
        *PACKAGE_MENU_PROJECT_ENTRY,
        *PACKAGE_MENU_NODE,
        *SERVER_PACKAGES,
        *SERVER_PACKAGES_HISTORY,
        *SERVER_PACKAGE,
        *VENDORDATA,
        *ABOUT,
    )
)

#: Nova's metadata service, as guests know it; and our own beside it.
META_DATA = "/openstack/latest/meta_data.json"
GUEST = "/openstack/glance-related/"
GUEST_SETTINGS = f"{GUEST}v1/settings"
GUEST_REPORT = f"{GUEST}v1/report"
