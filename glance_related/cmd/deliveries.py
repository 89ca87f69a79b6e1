"""``deliveries list|show|retry|forget|status``: what must reach somebody, and how far it has come.

Before there is anything to hand over, a boot with packages has to be settled: Nova has been asked for servers, and it
is not known yet which they are. Those boots are shown with the deliveries that they will become, as *open*.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterator, Sequence
from typing import Any

from glance_related.cmd import output
from glance_related.db.database import Database
from glance_related.db.models import utcnow
from glance_related.deliveries.delivery import CONFIRMED, DELIVERED, FAILED, STATES, Delivery
from glance_related.deliveries.fanouts import FanoutStore
from glance_related.deliveries.store import DeliveryStore
from glance_related.package_menu.books import choices_of
from glance_related.package_menu.servers import MADE, PACKAGES
from glance_related.package_menu.showing import chosen_document, delivery_document, time_of
from glance_related.package_menu.started import recorded_drivers
from glance_related.riders.rider import Rider
from glance_related.riders.store import RiderStore
from glance_related.settings.options import load

_COLUMNS = (
    "id", "driver", "server", "project", "action", "state", "attempts", "desired", "applied", "wished_at",
    "next_attempt_at", "message",
)  # fmt: skip
_BATCH = 500
#: How much of a message a table has room for.
_SHORT = 80
#: The state of a boot that is not settled.
_OPEN = "open"


def register(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("deliveries", help="what must reach somebody, and how far it has come")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser(
        "list",
        help="deliveries, by id, and before them boots that will become some",
        description="Boots with packages of which it is not known yet which servers they have made (state open), the "
        "oldest first, and deliveries, by id.",
    )
    _add_filters(listing, (*STATES, _OPEN))
    listing.add_argument("--limit", type=int, default=100, metavar="N", help="most that are shown (default: 100)")
    output.add_format(listing)
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="one delivery with what its receiver has, or one boot with its packages")
    show.add_argument("id", metavar="ID")
    output.add_format(show)
    show.set_defaults(run=_show)
    retry = actions.add_parser(
        "retry",
        help="hand over again at once",
        description="Hand over again at once what failed, or what the filters name; --all everything, as after a "
        "database was restored.",
    )
    retry.add_argument("ids", nargs="*", metavar="ID")
    _add_filters(retry, STATES)
    retry.add_argument("--all", action="store_true", help="everything, whatever became of it")
    retry.set_defaults(run=_retry)
    forget = actions.add_parser(
        "forget",
        help="forget what a driver was to be handed that is named no more",
        description="Forget what a driver was to be handed that [package_menu] package_management_driver names on no "
        "host any more; what it keeps itself stays as it is.",
    )
    forget.add_argument("driver", metavar="DRIVER")
    forget.add_argument("--force", action="store_true", help="even where the filter has started with it somewhere")
    forget.set_defaults(run=_forget)
    status = actions.add_parser("status", help="how much waits, and since when, by driver and state")
    output.add_format(status)
    status.set_defaults(run=_status)


def _add_filters(parser: argparse.ArgumentParser, states: Sequence[str]) -> None:
    parser.add_argument("--driver", metavar="NAME")
    parser.add_argument("--state", choices=states)
    parser.add_argument("--project", dest="project_id", metavar="ID")
    parser.add_argument("--server", dest="instance_id", metavar="ID")


def _filters(args: argparse.Namespace) -> dict[str, str]:
    given = {name: getattr(args, name) for name in ("driver", "state", "project_id", "instance_id")}
    return {name: value for name, value in given.items() if value is not None}


def _database(args: argparse.Namespace) -> Database:
    return Database(load(args.config_file).database)


# -- one after the other


def _list(args: argparse.Namespace) -> int:
    database, equal = _database(args), _filters(args)
    limit = max(0, args.limit)
    rows = [_boot_row(rider) for rider in _boots(RiderStore(database), equal)][:limit]
    if equal.get("state") != _OPEN:
        rows += [_row(one) for one in DeliveryStore(database).some(limit=limit - len(rows), **equal)]
    if args.format == "table":
        rows = [{**row, "message": row["message"][:_SHORT]} for row in rows]
    output.print_rows(rows, _COLUMNS, args.format)
    return 0


def _boots(store: RiderStore, equal: dict[str, str]) -> list[Rider]:
    """The boots that are not settled, the oldest first."""
    if "driver" in equal or equal.get("state", _OPEN) != _OPEN:
        return []
    wanted = {"project_id": equal.get("project_id"), "instance_id": equal.get("instance_id")}
    return [
        rider
        for rider in store.open_before(PACKAGES, utcnow() + datetime.timedelta(days=1))
        if wanted["project_id"] in (None, rider.project_id) and wanted["instance_id"] in (None, rider.content.get(MADE))
    ]


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
        "applied": delivery.applied_generation,
        "wished_at": time_of(delivery.wished_at),
        "next_attempt_at": time_of(delivery.due_at),
        "message": delivery.message,
    }


def _boot_row(rider: Rider) -> dict[str, Any]:
    known = {
        "id": rider.request_id,
        "server": rider.content.get(MADE),
        "project": rider.project_id,
        "action": "boot",
        "state": _OPEN,
        "wished_at": _written(rider.created_at),
        "message": _missing(rider),
    }
    return {column: known.get(column) for column in _COLUMNS}


def _missing(rider: Rider) -> str:
    """What is still to be found out."""
    if rider.content["several"]:
        return f"not all servers of request {rider.own_request_id} are known yet"
    if MADE in rider.content:
        return f"request {rider.own_request_id} was accepted, and its server's settings are not kept yet"
    return f"whether request {rider.own_request_id} has made a server is not known yet"


def _written(time: datetime.datetime) -> str:
    return f"{time.isoformat(timespec='seconds')}Z"


# -- one


def _show(args: argparse.Namespace) -> int:
    database = _database(args)
    delivery = DeliveryStore(database).get(args.id)
    if delivery is not None:
        output.print_fields(_document(delivery), args.format)
        return 0
    rider = RiderStore(database).get(args.id, PACKAGES)
    if rider is None:
        return output.fail(f"there is no delivery {args.id}.")
    output.print_fields(_boot_document(rider), args.format)
    return 0


def _document(delivery: Delivery) -> dict[str, Any]:
    return {
        **delivery_document(delivery),
        "nova_installation_uuid": delivery.ref.nova_installation_uuid,
        "server_id": delivery.ref.instance_id,
        "project_id": delivery.project_id,
        "claimed_by": delivery.claimed_by,
    }


def _boot_document(rider: Rider) -> dict[str, Any]:
    """A boot and what it asked for; of a secret, that there is one."""
    return {
        "id": rider.request_id,
        "action": "boot",
        "state": _OPEN if rider.is_open else "settled",
        **chosen_document(choices_of(rider.content["choices"])),
        "created_at": _written(rider.created_at),
        "nova_installation_uuid": rider.nova_installation_uuid,
        "request_id": rider.own_request_id,
        "server_id": rider.content.get(MADE),
        "project_id": rider.project_id,
        "user_id": rider.user_id,
    }


# -- again


def _retry(args: argparse.Namespace) -> int:
    database, equal = _database(args), _filters(args)
    store = DeliveryStore(database)
    if args.ids and (equal or args.all):
        return output.fail("name deliveries by their ids, or by filters, not by both.")
    if args.ids:
        done = store.retry(args.ids)
        print(_again(done))
        return 0 if done == len(set(args.ids)) else output.fail(_why_not(RiderStore(database), args.ids))
    if not args.all and "state" not in equal:
        equal["state"] = FAILED
    print(_again(sum(store.retry(ids) for ids in _pages(store, equal))))
    return 0


def _again(number: int) -> str:
    return f"{number} {'delivery is' if number == 1 else 'deliveries are'} handed over again."


def _why_not(store: RiderStore, ids: Sequence[str]) -> str:
    boots = [one for one in ids if store.get(one, PACKAGES) is not None]
    if boots:
        return (
            f"{', '.join(boots)}: of a boot there is nothing to hand over yet; glance-related-worker settles it by "
            "itself once Nova has told, and so does 'glance-related-manage reconcile'."
        )
    return "the others are not there, or under way."


def _pages(store: DeliveryStore, equal: dict[str, str]) -> Iterator[list[str]]:
    marker = ""
    while some := store.some(marker, _BATCH, **equal):
        marker = some[-1].id
        yield [one.id for one in some]


# -- never again


def _forget(args: argparse.Namespace) -> int:
    settings = load(args.config_file)
    database = Database(settings.database)
    if args.driver in settings.package_menu.package_management_driver:
        return output.fail(
            f"[package_menu] package_management_driver names {args.driver}; take it out there first, on every host, "
            "and restart what reads it."
        )
    if args.driver in recorded_drivers(database) and not args.force:
        return output.fail(
            f"in front of some Nova the filter has started with {args.driver}; take it out of [package_menu] "
            "package_management_driver there and restart nova-api, or, where that Nova is no more, use --force."
        )
    store, forgotten, progress = DeliveryStore(database), 0, output.Progress("forgotten")
    try:
        while some := store.forget_driver(args.driver):
            forgotten += some
            progress(forgotten)
    finally:
        progress.end()
    print(f"{forgotten} {'delivery is' if forgotten == 1 else 'deliveries are'} forgotten.")
    return 0


# -- all together


def _status(args: argparse.Namespace) -> int:
    database = _database(args)
    rows: list[dict[str, Any]] = [
        {
            "driver": one.driver,
            "state": one.state,
            "number": one.number,
            # who has what he is to have waits for nothing
            "oldest_seconds": None if one.state in (DELIVERED, CONFIRMED) else int(one.oldest),
        }
        for one in DeliveryStore(database).depths()
    ]
    changes = FanoutStore(database).count()
    if changes:
        rows.append({"driver": None, "state": "changes on their way", "number": changes, "oldest_seconds": None})
    riders = RiderStore(database)
    boots = riders.open_number(PACKAGES)
    if boots:
        oldest = [utcnow() - one.created_at for one in riders.open_before(PACKAGES, utcnow(), 1)]
        seconds = int(oldest[0].total_seconds()) if oldest else 0
        rows.append({"driver": None, "state": "boots that are open", "number": boots, "oldest_seconds": seconds})
    output.print_rows(rows, ("driver", "state", "number", "oldest_seconds"), args.format)
    return 0
