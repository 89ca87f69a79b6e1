"""``openstack server package status``: how far a server's settings have come; and waiting until they have arrived."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from typing import Any

from osc_lib.command import command
from osc_lib.exceptions import CommandError

from glance_related.osc.package_menu.api import Api, packages_path
from glance_related.osc.package_menu.values import said

#: How long is waited before the first look, and between two of them at most, in seconds.
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
_TIMEOUT = 600

Deliveries = list[dict[str, Any]]


class ListServerPackageStatus(command.Lister):
    """``openstack server package status``."""

    _description = "List how far the packages and variables of a server have come, for each driver"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """A server."""
        parser = super().get_parser(prog_name)
        parser.add_argument("server", metavar="<server>", help="Server (name or ID)")
        add_waiting(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:
        """One row for each driver; none where nothing was handed over yet.

        :raises CommandError: with ``--wait``: a driver has refused, or it takes too long
        """
        api = Api(self.app)
        server_id = api.server_id(parsed_args.server)
        deliveries = waited_for(self.app, api, server_id, parsed_args)
        deliveries = deliveries or _deliveries(api, server_id, parsed_args.drivers)
        words = ("driver", "state", "desired_generation", "applied_generation", "attempts", "message", "updated_at")
        columns = ("Driver", "State", "Desired", "Applied", "Attempts", "Message", "Updated At")
        return columns, [tuple(said(one[word]) for word in words) for one in deliveries]


def add_waiting(parser: argparse.ArgumentParser) -> None:
    """Take whether to wait, and how long."""
    parser.add_argument("--wait", action="store_true", help="Wait until every driver has it")
    what = f"With --wait: seconds to wait at most (default: {_TIMEOUT})"
    parser.add_argument("--timeout", metavar="<seconds>", type=_seconds, default=_TIMEOUT, help=what)
    what = "Look at this driver, and not at the others (repeat option for several)"
    parser.add_argument("--driver", metavar="<driver>", action="append", dest="drivers", default=[], help=what)


def waited_for(app: Any, api: Api, server_id: str, parsed_args: argparse.Namespace) -> Deliveries:
    """Wait, where that is asked for; what was handed over then.

    :raises CommandError: a driver has refused, or it takes too long
    """
    if not parsed_args.wait:
        return []
    progress = _Progress(app.stderr)
    end, pause = time.monotonic() + parsed_args.timeout, FIRST_PAUSE
    try:
        while True:
            deliveries = _deliveries(api, server_id, parsed_args.drivers)
            progress.show(deliveries)
            failed = [one for one in deliveries if one["state"] == "failed" and not one["is_current"]]
            if failed:
                told = [f"{one['driver']}: {one['message'] or 'it has failed, and does not say why'}" for one in failed]
                raise CommandError("\n".join(told))
            missing = set(parsed_args.drivers) - {one["driver"] for one in deliveries}
            if deliveries and not missing and all(one["is_current"] for one in deliveries):
                return deliveries
            left = end - time.monotonic()
            if left <= 0:
                raise CommandError(_late(deliveries, missing, parsed_args.timeout))
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE)
    finally:
        progress.end()


def _deliveries(api: Api, server_id: str, drivers: Sequence[str]) -> Deliveries:
    """What was handed over, to some drivers or, where none is named, to all."""
    # entries are not what is asked for, and there is no page without any
    answer = api.ask("GET", packages_path(server_id), query={"limit": 1, "on": "true"})
    found: Deliveries = answer.document["server_packages"]["deliveries"]
    wanted = [one for one in found if not drivers or one["driver"] in drivers]
    return sorted(wanted, key=lambda one: str(one["driver"]))


def _late(deliveries: Deliveries, missing: Iterable[str], timeout: float) -> str:
    """What has not arrived yet.

    :param missing: drivers that were named, and were not handed anything
    """
    if not deliveries:
        return f"Nothing was handed over for this server within {timeout:g} seconds."
    lines = [
        f"{one['driver']}: {one['state']} after {timeout:g} seconds: it has generation "
        f"{one['applied_generation'] or 0} of {one['desired_generation']}. {one['message']}".rstrip()
        for one in deliveries
        if not one["is_current"]
    ]
    lines += [f"{name}: nothing was handed over to it after {timeout:g} seconds." for name in sorted(missing)]
    return "\n".join(lines)


class _Progress:
    """One line that is written anew, as openstackclient does it."""

    def __init__(self, stderr: Any) -> None:
        self._stderr = stderr
        self._shown = ""

    def show(self, deliveries: Deliveries) -> None:
        text = ", ".join(f"{one['driver']} {one['state']}" for one in deliveries) or "not handed over yet"
        if text != self._shown:
            self._stderr.write(f"\rProgress: {text.ljust(len(self._shown))}")
            self._stderr.flush()
            self._shown = text

    def end(self) -> None:
        if self._shown:
            self._stderr.write("\n")
            self._stderr.flush()


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise argparse.ArgumentTypeError(f"expected a number of seconds, not {text!r}")
    return seconds
