"""What may be known of an image that Nova made, and by whom: asked of the people and of all three databases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tests.real.nova.nova_cloud import NovaCloud

if TYPE_CHECKING:
    from cloud.nova import Nova
    from cloud.nova_programs import Api

NAMES = ("nova_installation_uuid", "instance_id")


def ids(images: Iterable[dict[str, Any]]) -> list[str]:
    return [image["id"] for image in images]


def listed(cloud: NovaCloud, who: str, server_id: str, installation: str | None = None) -> set[str]:
    """The images of that server, as `who` is answered; with an installation: of that Nova's."""
    query = f"?instance_id={server_id}" + (f"&nova_installation_uuid={installation}" if installation else "")
    return set(ids(cloud.images(who, query)))


def assert_bound(
    cloud: NovaCloud,
    image_id: str,
    server_id: str,
    *,
    owner: str = "alice",
    installation: str | None = None,
    shared_with: str | None = None,
    has_disk: bool = True,
) -> None:
    """Our table, Glance's tables, owner, administrator and bystander, one by one and in lists.

    :param shared_with: who sees it besides, and lists it once it is accepted
    :param has_disk: Nova itself says of which server an image is, but not of a volume-backed one's
    """
    installation = installation or cloud.installation
    assert cloud.stored(image_id) == (installation, server_id)
    image = cloud.image(image_id)
    assert image is not None
    assert not set(NAMES) & set(image["properties"]), "nothing of ours is in Glance's tables"
    assert image["owner"] == cloud.project(owner)
    if has_disk:
        assert image["properties"]["instance_uuid"] == server_id, "Nova's own word is as it was"
    for who in (owner, "admin"):
        shown = cloud.shown(who, image_id)
        assert [shown.get(name) for name in NAMES] == [installation, server_id], who
        assert image_id in listed(cloud, who, server_id)
        assert image_id in listed(cloud, who, server_id, installation)
    for who in {"alice", "bob"} - {owner, shared_with}:
        assert image_id not in listed(cloud, who, server_id)
        assert cloud.call(cloud.glance, who, "GET", f"/v2/images/{image_id}").status == 404


def assert_gone(cloud: NovaCloud, image_id: str) -> None:
    """With its row."""
    cloud.wait_for(lambda: cloud.image(image_id) is None, f"image {image_id} stays")
    cloud.wait_for(lambda: cloud.stored(image_id) is None, f"the row of image {image_id} stays", seconds=10)


def assert_never_heard(cloud: NovaCloud, nova: Nova | None = None) -> None:
    """No server of that Nova has metadata of ours, and no cell of its databases holds its installation."""
    nova = nova or cloud.nova
    query = "select * from instance_system_metadata where `key` in (%s, %s)"
    assert cloud.nova_rows(query, *(f"image_{name}" for name in NAMES), nova=nova) == []
    assert cloud.nova_rows("select * from instance_system_metadata where `key` = 'image_base_image_ref'", nova=nova), (
        "properties of images are looked for in the wrong place"
    )
    holding = [place for place in _places(cloud, nova) if place["holding"]]
    assert holding == []


def _places(cloud: NovaCloud, nova: Nova) -> list[dict[str, Any]]:
    """Every table of all the databases of that Nova, with how many of its rows hold the installation."""
    columns = """select concat('`', table_schema, '`.`', table_name, '`') as place,
        group_concat('`', column_name, '`') as columns from information_schema.columns
        where table_schema like %s group by table_schema, table_name"""
    tables = cloud.nova_rows(columns, f"{nova.name}\\_%", nova=nova)
    assert len(tables) > 100, "these are not Nova's databases"
    counted = [
        f"select '{table['place']}' as place, count(*) as holding from {table['place']} "
        f"where concat_ws(' ', {table['columns']}) like '%{cloud.installation}%'"
        for table in tables
    ]
    return cloud.nova_rows(" union all ".join(counted).replace("%", "%%"), nova=nova)


def image_of(cloud: NovaCloud, answer: Any) -> str:
    """The image that the answer to an action names, in the way of its microversion; active from here on."""
    assert answer.status == 202, answer
    image_id: str = answer.json()["image_id"] if answer.body else answer.headers["location"].rpartition("/")[2]
    cloud.wait_for_image(image_id)
    return image_id


def settle(cloud: NovaCloud, who: str, server_id: str, *, on: Api | Nova | None = None) -> None:
    """Nova does one thing after the other with a server, and refuses the next one before."""
    cloud.wait_for_server(who, server_id, "ACTIVE", "SHUTOFF", on=on)


def snapshot(
    cloud: NovaCloud, who: str, server_id: str, name: str = "a snapshot", *, on: Api | Nova | None = None
) -> str:
    """createImage, done; the id of the image."""
    image_id = cloud.snapshot(who, server_id, name, on=on)
    settle(cloud, who, server_id, on=on)
    return image_id


def backup(
    cloud: NovaCloud,
    who: str,
    server_id: str,
    name: str,
    rotation: int,
    *,
    kind: str = "daily",
    on: Api | Nova | None = None,
) -> str:
    """createBackup, done with its rotation, and older than the next one; the id of the image."""
    body = {"createBackup": {"name": name, "backup_type": kind, "rotation": rotation}}
    image_id = image_of(cloud, cloud.action(who, server_id, body, on=on))
    settle(cloud, who, server_id, on=on)
    cloud.wait_until_older(image_id)
    return image_id


def shelve(cloud: NovaCloud, who: str, server_id: str, *, on: Api | Nova | None = None) -> str:
    """shelve, until the server is off its host; the id of its image."""
    before = set(cloud.images_of(server_id))
    answer = cloud.action(who, server_id, {"shelve": None}, on=on)
    assert answer.status == 202, answer
    cloud.wait_for_server(who, server_id, "SHELVED_OFFLOADED", on=on)
    (image_id,) = set(cloud.images_of(server_id)) - before
    return image_id


def unshelve(cloud: NovaCloud, who: str, server_id: str, *, on: Api | Nova | None = None) -> None:
    answer = cloud.action(who, server_id, {"unshelve": None}, on=on)
    assert answer.status == 202, answer
    cloud.wait_for_server(who, server_id, "ACTIVE", on=on)
