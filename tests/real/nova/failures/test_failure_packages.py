"""Servers booted with packages, and what fails meanwhile: workers of nova-api, Nova itself, our database."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.failures import report
from tests.real.failures.outages import FIRST
from tests.real.nova.failures.basis import WHO
from tests.real.nova.failures.package_kills import PackageCampaign
from tests.real.nova.failures.package_places import BY_A_WORKER, BY_RECONCILE, PLACES
from tests.real.nova.failures.packaged_servers import OF_PROJECT, Packaged, handed, of_its_own, published, shown_of
from tests.real.nova.failures.proxy import WAYS
from tests.real.nova.failures.sides import Outages
from tests.real.nova.failures.site import Site

if TYPE_CHECKING:
    from tests.real.wire import Answer

#: Seconds that Nova and Glance may need for it themselves, on a busy machine.
_THEIRS = 15

#: What the log of nova-api has of each thing that could not be kept.
_LATER = " later\n"

#: A customer who may have no server.
_POOR = "thrifty@thrifty"

Places = Mapping[str, tuple[str, ...]]


@pytest.fixture(scope="module", autouse=True)
def menu(ours: Site) -> Iterator[None]:
    ours.cloud.accounts.user(*_POOR.split("@"))
    limits = {"quota_set": {"instances": 0, "force": True}}
    limited = ours.ask("PUT", f"/os-quota-sets/{ours.cloud.project(_POOR)}", limits, who="admin")
    assert limited.status == 200, limited
    with published(ours, _POOR):
        yield


# -- workers of nova-api


def _prove(site: Site, name: str, reports: report.Reports, places: Places, *, by_worker: bool) -> None:
    """Kill at these places; then a worker alone, or the command, finds out with what each server was made."""
    packaged, said = Packaged(site, name), ""
    campaign, file = PackageCampaign(site, packaged), site.root / f"package-kills-{name}.txt"
    try:
        campaign.run(places)
        wrong = campaign.settle()
        wrong += campaign.look()
        if not by_worker:
            said = packaged.reconcile()
            wrong += campaign.kept()
            assert packaged.riders(is_open=True) == 0, said
        with packaged.worker():
            wrong += campaign.not_handed() + campaign.kept()
            packaged.age()
            packaged.wait_until(lambda: packaged.riders(is_open=True) == 0, "a request stays open for ever")
    finally:
        file.write_text(f"{report.table(campaign.kills)}\n\n{report.by_place(campaign.kills)}\n")
        title = f"kill -9 of Nova's workers over boots with packages ({name})"
        reports.append((title, file, f"{len(campaign.kills)} workers killed"))
        packaged.close()
    assert not wrong, "\n".join([*wrong, said])


@pytest.mark.parametrize(
    ("places", "by_worker"), [(BY_RECONCILE, False), (BY_A_WORKER, True)], ids=["by reconcile", "by a worker"]
)
def test_no_kill_leaves_a_server_without_its_own_packages_or_with_anothers(
    ours: Site, reports: report.Reports, places: Places, by_worker: bool
) -> None:
    """Seen to fail where the rider is closed by its first server, and where it is not kept until Nova has answered."""
    _prove(ours, "worker" if by_worker else "reconcile", reports, places, by_worker=by_worker)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.skipif(not os.environ.get("GLANCE_RELATED_LONG"), reason="GLANCE_RELATED_LONG is not set")
def test_nor_do_hundreds_of_kills_at_every_place(ours: Site, reports: report.Reports) -> None:
    for number in range(400 // sum(map(len, PLACES.values()))):
        _prove(ours, f"long-{number}", reports, PLACES, by_worker=number % 2 == 0)


# -- Nova refuses


@pytest.fixture(scope="module")
def packaged(ours: Site) -> Iterator[Packaged]:
    made = Packaged(ours, "packaged")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("who", "more", "status"),
    [
        (WHO, {"flavorRef": "no-such-flavor"}, 400),
        (WHO, {"user_data": "not base64!"}, 400),
        (WHO, {"no_such_word": True}, 400),
        (WHO, {"metadata": {"padding": "x" * 200_000}}, 413),
        (_POOR, {}, 403),
    ],
    ids=["no flavor", "bad user_data", "unknown word", "too large", "over quota"],
)
def test_a_boot_that_nova_refuses_leaves_nothing(
    packaged: Packaged, who: str, more: dict[str, Any], status: int
) -> None:
    before = _left(packaged, who)
    answer = packaged.boot("refused", of_its_own("refused"), who=who, **more)
    assert answer.status == status, answer
    assert answer.code is None, "it is Nova's own refusal"
    assert _left(packaged, who) == before


def _left(packaged: Packaged, who: str) -> tuple[int, int, int, int]:
    """How much there is of this customer's."""
    return packaged.riders(who=who), packaged.rows(who), packaged.wishes(who), len(packaged.all())


# -- our database is down, or hangs, in front of Nova


@pytest.fixture(scope="module")
def unsure(outages: Outages) -> Iterator[Packaged]:
    made = Packaged(outages.site, "unsure")
    yield made
    made.close()


def _timed(ask: Callable[[], Answer]) -> Answer:
    began = time.monotonic()
    answer = ask()
    took = time.monotonic() - began
    assert took < FIRST + _THEIRS, f"it took {took:.1f} s"
    return answer


def _booted(unsure: Packaged, name: str) -> str:
    """The server of a boot that was accepted, which becomes active."""
    (server_id,) = unsure.named(name)
    unsure.wait_for(server_id)
    return server_id


def _answers_again(outages: Outages, unsure: Packaged) -> None:
    """A boot with packages is accepted again, without a restart."""
    workers = outages.workers("nova")

    def accepted() -> bool:
        answer = unsure.boot("afterwards", of_its_own("afterwards"))
        assert answer.status in (202, 503), answer
        return answer.status == 202

    unsure.wait_until(accepted, "it does not find its database again")
    assert outages.workers("nova") == workers
    server_id = _booted(unsure, "afterwards")
    assert unsure.shown(server_id) == shown_of(handed("afterwards"))
    unsure.cloud.delete_server(WHO, server_id)


@pytest.mark.parametrize("way", WAYS)
def test_while_our_database_is_down_only_a_boot_with_packages_is_refused(
    outages: Outages, unsure: Packaged, way: str
) -> None:
    before = unsure.riders()
    with outages.ways["nova"].failing(way):
        answer = _timed(partial(unsure.boot, f"{way}-refused", of_its_own("refused")))
        assert (answer.status, answer.code) == (503, "glance_related.database_down"), answer
        assert _timed(partial(unsure.boot, f"{way}-plain")).status == 202
        answer = _timed(partial(unsure.boot, f"{way}-plain", min_count=2, max_count=2))
        assert answer.status == 202, answer
        server_id = answer.json()["server"]["id"]
        assert _timed(partial(unsure.site.ask, "GET", f"/servers/{server_id}")).status == 200
    plain = unsure.named(f"{way}-plain")
    assert len(plain) == 3
    assert unsure.named(f"{way}-refused") == []
    assert unsure.riders() == before
    _answers_again(outages, unsure)
    with unsure.worker():
        for server_id in plain:
            unsure.wait_until(
                lambda one=server_id: unsure.document(one) == OF_PROJECT, "a worker sees it, as it sees all others"
            )
    assert unsure.riders(is_open=True) == 0


def _boot_with_an_outage(
    outages: Outages, unsure: Packaged, name: str, way: str, *, once: Callable[[], object], **more: Any
) -> Answer:
    """What a boot is answered whose request is kept when the database goes, and comes back when all has failed.

    :param once: when it goes
    """
    log = outages.site.nova.server.log

    def failed() -> int:
        return log.read_text(errors="replace").count(_LATER)

    before = failed()
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(unsure.boot, name, of_its_own(name), **more)
        unsure.wait_until(once, f"{name} does not come so far")
        with outages.ways["nova"].failing(way):
            answer = waiting.result()
            unsure.wait_until(lambda: failed() > before, "nothing has failed")
    return answer


def _held_by_glance(outages: Outages, unsure: Packaged) -> Callable[[], bool]:
    """Glance holds Nova's next question for the image; whether it does so now."""
    glance = outages.site.glance
    asked = len(glance.tries(unsure.image))
    glance.tell(unsure.image, "3 before")
    return lambda: len(glance.tries(unsure.image)) == asked + 1


def test_a_database_that_goes_while_nova_works_leaves_the_server_its_packages(
    outages: Outages, unsure: Packaged
) -> None:
    name = "lost-while-nova-works"
    answer = _boot_with_an_outage(outages, unsure, name, "hangs", once=_held_by_glance(outages, unsure))
    assert answer.status == 202, answer
    server_id = _booted(unsure, name)
    assert unsure.kept(server_id) is None
    assert unsure.made_by_a_rider() == [], "nor is it kept which server it was"
    path = f"/servers/{server_id}/packages"
    unsure.wait_until(lambda: unsure.site.ask("GET", path).status == 200, "it does not find its database again")
    assert unsure.shown(server_id) == shown_of(handed(name)), "a look finds it by Nova's record"
    assert unsure.kept(server_id) == of_its_own(name)
    assert unsure.riders(is_open=True) == 0


def test_a_database_that_goes_once_nova_has_answered_leaves_the_server_its_packages(
    outages: Outages, unsure: Packaged
) -> None:
    name = "lost-once-answered"
    outages.site.nova.tell(name, "3 after")
    answer = _boot_with_an_outage(outages, unsure, name, "refuses", once=unsure.made_by_a_rider, attempt=name)
    assert answer.status == 202, answer
    server_id = answer.json()["server"]["id"]
    assert unsure.made_by_a_rider() == [server_id]
    assert unsure.kept(server_id) is None
    unsure.wait_for(server_id)
    with unsure.worker():
        unsure.wait_until(lambda: unsure.document(server_id) == handed(name), "a worker finds it")
    assert unsure.kept(server_id) == of_its_own(name)
    assert unsure.riders(is_open=True) == 0


def test_a_refusal_of_novas_while_the_database_is_down_is_settled_afterwards(
    outages: Outages, unsure: Packaged
) -> None:
    held = _held_by_glance(outages, unsure)
    answer = _boot_with_an_outage(outages, unsure, "refused", "refuses", once=held, who=_POOR)
    assert answer.status == 403, answer
    assert unsure.riders(is_open=True, who=_POOR) == 1
    said = unsure.reconcile()
    assert unsure.riders(is_open=True, who=_POOR) == 0, said
    assert unsure.rows(_POOR) == 0
