"""`PackageMenuMiddleware`: system 3 in front of Nova: the menu, what servers have of it, and how far that has come.

What each request means stands in the package's manual; the handlers are in a part for each of the things that they
speak of: the cloud's menu, a project's, a server's, servers that are made, and nodes of configuration systems.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from glance_related.hosts.nova import routes
from glance_related.hosts.nova.errors import render
from glance_related.hosts.nova.requests import each
from glance_related.package_menu.books import Books, open_drivers
from glance_related.package_menu.launch_part import LaunchPart
from glance_related.package_menu.menu_part import MenuPart
from glance_related.package_menu.node_part import NodePart
from glance_related.package_menu.project_part import ProjectPart
from glance_related.package_menu.server_part import ServerPart
from glance_related.package_menu.servers import ServersPackages
from glance_related.package_menu.started import record_at_nova
from glance_related.package_menu.store import SYSTEM
from glance_related.problem import Problem
from glance_related.suite import open_suite
from glance_related.wsgi.filter import Filter

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

LOG = logging.getLogger(__name__)


class PackageMenuMiddleware(Filter):
    """A package menu for every cloud, project and server. See the manual in the package's docstring.

    :param app: Nova, from ``keystonecontext`` on
    :param books: what is kept, and whom it is handed to
    :param installation: which Nova this is
    """

    routes = (
        *each("POST", routes.SERVERS, "launch.create", "packages and package_variables are taken out, judged and kept"),
        *each("GET", routes.SERVER, "launch.show", "packages and package_variables are shown where there are any"),
        *each("DELETE", routes.SERVER, "launch.delete", "the server's settings go with it"),
        *each("POST", routes.SERVER_ACTION, "launch.action", "a rebuilt server is to fetch its settings again"),
        *each("GET", routes.PACKAGE_MENU, "menu.index", "the cloud's menu"),
        *each("POST", routes.PACKAGE_MENU, "menu.create", "an entry, or a file of them, is put on the menu"),
        *each("GET", routes.PACKAGE_MENU_PROJECTS, "project.projects", "the projects that have a menu of their own"),
        *each("GET", routes.PACKAGE_MENU_PROJECT, "project.index", "a project's menu"),
        *each("PUT", routes.PACKAGE_MENU_PROJECT_ENTRY, "project.set", "what a project makes of an entry"),
        *each("DELETE", routes.PACKAGE_MENU_PROJECT_ENTRY, "project.unset", "the project says nothing of it any more"),
        *each("GET", routes.PACKAGE_MENU_NODE, "node.show", "what a configuration system is told of a server"),
        *each("GET", routes.PACKAGE_MENU_ENTRY, "menu.show", "an entry of the menu"),
        *each("PATCH", routes.PACKAGE_MENU_ENTRY, "menu.change", "an entry is changed"),
        *each("DELETE", routes.PACKAGE_MENU_ENTRY, "menu.remove", "an entry is taken off the menu"),
        *each("GET", routes.PACKAGE_MENU_SERVERS, "menu.servers", "the servers that have an entry"),
        *each("GET", routes.SERVER_PACKAGES, "server.show", "what a server has, and how far that has come"),
        *each("PUT", routes.SERVER_PACKAGES, "server.replace", "all that a server has of its own"),
        *each("GET", routes.SERVER_PACKAGES_HISTORY, "server.history", "who changed what of a server's settings"),
        *each("PUT", routes.SERVER_PACKAGE, "server.set", "one entry of a server's settings"),
        *each("DELETE", routes.SERVER_PACKAGE, "server.unset", "the server has what its project has"),
    )

    obeys_method_override = False

    def __init__(self, app: WSGIApplication, books: Books, installation: str) -> None:
        servers = ServersPackages(books, installation)
        self.launch = LaunchPart(books, servers, installation)
        self.menu = MenuPart(books)
        self.project = ProjectPart(books)
        self.server = ServerPart(books, servers)
        self.node = NodePart(books, installation)
        self._keys = books.suite.keys
        own = books.suite.settings.package_menu
        books.suite.systems[SYSTEM] = {
            "drivers": list(books.drivers),
            "max_entries": own.max_entries,
            "max_settings_bytes": own.max_settings_bytes,
            "max_body_bytes": own.max_body_bytes,
        }
        super().__init__(app, books.suite.counters)

    # -- the host's shape

    def render(self, problem: Problem) -> WSGIApplication:
        return render(problem)

    def asked(self) -> None:
        self._keys.keep_fresh()


def filter_factory(
    global_conf: dict[str, str], **local_conf: str
) -> Callable[[WSGIApplication], PackageMenuMiddleware]:
    """Entry point ``paste.filter_factory``, name ``package_menu``.

    :param local_conf: ``config_file`` names another ``glance-related.conf``
    :raises ConfigError: one sentence that names the fix; Nova's API then does not start
    """
    suite = open_suite(local_conf.get("config_file"))
    installation = suite.installation()
    books = Books(suite, open_drivers(suite.settings))
    suite.check_schema()
    suite.keys.refresh()
    record_at_nova(suite.database, installation, books.drivers)
    suite.database.dispose()  # a worker that is forked later makes connections of its own
    LOG.info("settings are handed to %s", ", ".join(books.drivers))
    return lambda app: PackageMenuMiddleware(app, books, installation)
