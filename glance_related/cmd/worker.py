"""``glance-related-worker``: hands over what must reach somebody else; any number of them, on any hosts.

It takes up what is due in the database and hands it to the drivers that ``[package_menu] package_management_driver``
names; it makes deliveries of changes that reach many servers; and it asks each registered Nova, with the account in
``[account]``, for servers that were made or deleted past the API that the filters stand in front of. SIGTERM and
SIGINT let it end what it has begun and give back what it has not; a receiver that hangs is waited for 20 seconds.

Exit codes: 0 it was told to stop, or (``--once``) nothing is due any more; 1 it could not start; 2 the command line is
wrong.
"""

from __future__ import annotations

import argparse
import functools
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from types import FrameType

from glance_related.cmd import output
from glance_related.db.database import DatabaseDown
from glance_related.deliveries.signs import SignsOfLife
from glance_related.deliveries.store import DeliveryStore
from glance_related.deliveries.worker import Carrier, Worker
from glance_related.hosts.nova.account import NovaAccount
from glance_related.instance_aware.asked_novas import AskedNovas
from glance_related.instance_aware.store import Store
from glance_related.package_menu.books import Books, open_drivers
from glance_related.package_menu.carrier import PackageCarrier
from glance_related.package_menu.look_around import LookAround
from glance_related.settings.options import DEFAULT_FILE, ConfigError
from glance_related.suite import Suite, open_suite, version

LOG = logging.getLogger(__name__)

PROGRAM = "glance-related-worker"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Hand over what must reach configuration systems, and see to what has happened past the API.",
    )
    made.add_argument(
        "--config-file",
        default=DEFAULT_FILE,
        metavar="FILE",
        help=f"the suite's configuration (default: {DEFAULT_FILE})",
    )
    made.add_argument("--once", action="store_true", help="end when nothing is due any more")
    made.add_argument(
        "--name", default=f"{socket.gethostname()}:{os.getpid()}", help="stands beside what it has taken up"
    )
    made.add_argument("-v", "--verbose", action="store_true", help="say more")
    made.add_argument("--version", action="version", version=version())
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point ``console_scripts``, name ``glance-related-worker``."""
    args = parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("glance_related").setLevel(logging.INFO if args.verbose else logging.WARNING)
    try:
        suite = open_suite(args.config_file)
        suite.check_schema()
        books = Books(suite, open_drivers(suite.settings))
        worker = make_worker(books, args.name)
        suite.keys.refresh()
    except ConfigError as error:
        return output.fail(str(error), PROGRAM)
    _stop_on_signals(worker.stop)
    LOG.info("%s hands over to %s", args.name, ", ".join(books.drivers))
    try:
        if args.once:
            worker.drain()
        else:
            worker.run()
    except DatabaseDown:
        return output.fail("the database does not answer.", PROGRAM)
    finally:
        if worker.hanging:
            _leave()
    return 0


def _leave() -> None:
    """End though threads hang: Python would wait for them, and when they go on the lease of what they hand over is
    over, and another has handed over something newer."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def make_worker(books: Books, name: str) -> Worker:
    """A worker for everything that the configuration names.

    :raises ConfigError: one sentence that names the fix
    """
    settings = books.suite.settings
    opened = functools.cache(lambda region: NovaAccount(settings, region))
    opened(None)  # a mistake in [account] stops the start
    look_around = LookAround(books, functools.partial(_novas, books.suite, opened))
    carriers: list[Carrier] = [SignsOfLife(books.suite.database), PackageCarrier(books, look_around)]
    return Worker(DeliveryStore(books.suite.database), carriers, settings.deliveries, name)


def _novas(suite: Suite, opened: Callable[[str | None], NovaAccount]) -> AskedNovas:
    registered = [one for one in Store(suite.database).installations() if one.service_users]
    return AskedNovas(registered, opened)


def _stop_on_signals(stop: Callable[[], None]) -> None:
    def told(number: int, _frame: FrameType | None) -> None:
        LOG.info("%s: ending", signal.Signals(number).name)
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)


if __name__ == "__main__":
    sys.exit(main())
