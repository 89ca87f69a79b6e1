"""``deliveries list|show|retry|status``: what must reach somebody, and how far it has come."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any

from glance_related.cmd import output
from glance_related.db.database import Database
from glance_related.deliveries.delivery import FAILED, STATES, Delivery
from glance_related.deliveries.fanouts import FanoutStore
from glance_related.deliveries.store import DeliveryStore
from glance_related.package_menu.showing import delivery_document
from glance_related.settings.options import load

_COLUMNS = ("id", "driver", "server", "project", "action", "state", "attempts", "desired", "applied", "message")
_BATCH = 500


def register(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("deliveries", help="what must reach somebody, and how far it has come")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="deliveries, by id")
    _add_filters(listing)
    listing.add_argument("--limit", type=int, default=100, metavar="N", help="most that are shown (default: 100)")
    output.add_format(listing)
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="one delivery, with what its receiver has")
    show.add_argument("id", metavar="ID")
    show.set_defaults(run=_show)
    retry = actions.add_parser(
        "retry",
        help="hand over again at once",
        description="Hand over again at once what failed, or what the filters name; --all everything, as after a "
        "database was restored.",
    )
    retry.add_argument("ids", nargs="*", metavar="ID")
    _add_filters(retry)
    retry.add_argument("--all", action="store_true", help="everything, whatever became of it")
    retry.set_defaults(run=_retry)
    status = actions.add_parser("status", help="how much waits, and since when, by driver and state")
    output.add_format(status)
    status.set_defaults(run=_status)


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--driver", metavar="NAME")
    parser.add_argument("--state", choices=STATES)
    parser.add_argument("--project", dest="project_id", metavar="ID")
    parser.add_argument("--server", dest="instance_id", metavar="ID")


def _filters(args: argparse.Namespace) -> dict[str, str]:
    given = {name: getattr(args, name) for name in ("driver", "state", "project_id", "instance_id")}
    return {name: value for name, value in given.items() if value is not None}


def _store(args: argparse.Namespace) -> DeliveryStore:
    return DeliveryStore(Database(load(args.config_file).database))


def _list(args: argparse.Namespace) -> int:
    rows = [_row(one) for one in _store(args).some(limit=args.limit, **_filters(args))]
    output.print_rows(rows, _COLUMNS, args.format)
    return 0


def _row(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "driver": delivery.driver,
        "server": delivery.ref.instance_id,
        "project": delivery.project_id,
        "action": delivery.action,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "desired": delivery.generation,
        "applied": "-" if delivery.applied_generation is None else delivery.applied_generation,
        "message": delivery.message[:80],
    }


def _show(args: argparse.Namespace) -> int:
    delivery = _store(args).get(args.id)
    if delivery is None:
        return output.fail(f"there is no delivery {args.id}.")
    about = {
        "nova_installation_uuid": delivery.ref.nova_installation_uuid,
        "server_id": delivery.ref.instance_id,
        "project_id": delivery.project_id,
        "claimed_by": delivery.claimed_by,
    }
    print(json.dumps({**delivery_document(delivery), **about}, indent=2))
    return 0


def _retry(args: argparse.Namespace) -> int:
    store, equal = _store(args), _filters(args)
    if args.ids and (equal or args.all):
        return output.fail("name deliveries by their ids, or by filters, not by both.")
    if args.ids:
        done = store.retry(args.ids)
        print(f"{done} of {len(args.ids)} are handed over again.")
        return 0 if done == len(args.ids) else output.fail("the others are not there, or under way.")
    if not args.all and "state" not in equal:
        equal["state"] = FAILED
    done = sum(store.retry(ids) for ids in _pages(store, equal))
    print(f"{done} are handed over again.")
    return 0


def _pages(store: DeliveryStore, equal: dict[str, str]) -> Iterator[list[str]]:
    marker = ""
    while some := store.some(marker, _BATCH, **equal):
        marker = some[-1].id
        yield [one.id for one in some]


def _status(args: argparse.Namespace) -> int:
    database = Database(load(args.config_file).database)
    rows = [
        {"driver": one.driver, "state": one.state, "number": one.number, "oldest": f"{one.oldest:.0f} s"}
        for one in DeliveryStore(database).depths()
    ]
    changes = FanoutStore(database).count()
    if changes:
        rows.append({"driver": "-", "state": "changes on their way", "number": changes, "oldest": "-"})
    output.print_rows(rows, ("driver", "state", "number", "oldest"), args.format)
    return 0
