"""createBackup with rotation in a project with many images, beside a stock Nova and Glance of the same cloud.

Rotation is Nova's own question to Glance, by three properties that no index helps to find; it is measured alone,
as Nova asks it, and as a part of the whole backup, from the request until the oldest backup is gone.
"""

from __future__ import annotations

import shutil
import time
from contextlib import closing

import pymysql
from sqlalchemy.engine import make_url

from benchmarks import catalogue, loading
from benchmarks import measure as turns
from benchmarks.bench import Bench
from benchmarks.clouds import WHO, NovaCloud, Side, wait
from benchmarks.figures import Figure
from benchmarks.measure import interval, median, ratios
from benchmarks.population import Population
from cloud import Trouble

_KIND = "bench"
# A backup is many requests and one slow question.
_TIMES = 4


def measure(bench: Bench) -> list[Figure]:
    """Over so many images of alice's as the larger size says."""
    cloud, count = bench.cloud(), bench.options.images[1]
    with bench.progress.step(f"filling Glance with {count} images of one project"):
        _fill(bench, cloud, count)
    sides = {"ours": cloud.ours, "stock": cloud.stock}
    kept = {side.server: _backup(side, "first") for side in sides.values()}
    figures = []
    for what, timed, seconds in (
        ("Nova's question in a rotation", _question, bench.options.seconds),
        ("createBackup with rotation", _rotated, bench.options.seconds * _TIMES),
    ):
        with bench.progress.step(f"{what}, {count} images"):
            taken = turns.take_turns(
                {name: timed(cloud, side, kept) for name, side in sides.items()}, bench.options.rounds, seconds
            )
        shares = ratios(taken["ours"], taken["stock"])
        figures.append(
            Figure(
                f"{what} / stock, {count} images of the project",
                median(shares),
                catalogue.ROTATION,
                {name: median(values) for name, values in taken.items()},
                interval(shares),
                len(shares),
            )
        )
    return figures


def _question(cloud: NovaCloud, side: Side, kept: dict[str, str]) -> turns.Side:
    path = (
        "/v2/images?limit=20&sort_key=created_at&sort_dir=desc"
        f"&image_type=backup&backup_type={_KIND}&instance_uuid={side.server}"
    )

    def ask(_: int) -> float:
        answer = side.glance("GET", path, 200, **{"X-Service-Token": cloud.token("nova", "service")})
        found = [image["id"] for image in answer.json()["images"]]
        if found != [kept[side.server]]:
            raise Trouble(f"the backups of {side.server} are {found}")
        return answer.milliseconds

    return ask


def _rotated(cloud: NovaCloud, side: Side, kept: dict[str, str]) -> turns.Side:
    def back_up(turn: int) -> float:
        oldest, start = kept[side.server], time.perf_counter()
        kept[side.server] = _backup(side, f"backup-{turn}", settled=False)
        wait(lambda: _is_gone(side, oldest), f"image {oldest} is gone", pause=0.02)
        taken = (time.perf_counter() - start) * 1000
        side.settle()
        return taken

    return back_up


def _backup(side: Side, name: str, *, settled: bool = True) -> str:
    """One that leaves no older one; its id."""
    body = {"createBackup": {"name": name, "backup_type": _KIND, "rotation": 1}}
    image_id = str(side.act(body).json()["image_id"])
    if settled:
        side.settle()
    return image_id


def _is_gone(side: Side, image_id: str) -> bool:
    found = side.glance("GET", f"/v2/images?id=in:{image_id}", 200)
    return not found.json()["images"]


def _fill(bench: Bench, cloud: NovaCloud, count: int) -> None:
    """Images as Nova makes them, two thirds of them backups; each with a row of ours."""
    folder = bench.root / "files" / "rotation"
    tables = loading.write_files(folder, Population(count), with_glance=True, owner=cloud.accounts.projects[WHO])
    ours = tables.pop(loading.OURS)
    for database, own in ((cloud.database, tables), (cloud.compute.suite_database, {loading.OURS: ours})):
        url = make_url(database)
        connection = pymysql.connect(
            host=url.host or "", port=url.port or 0, user=url.username, password=str(url.password),
            database=url.database, charset="utf8mb4", local_infile=True,
        )  # fmt: skip
        with closing(connection), connection.cursor() as cursor:
            loading.load_mariadb(connection, folder, own)
            if own is tables:
                _say_their_type(cursor)
                connection.commit()
    shutil.rmtree(folder)


def _say_their_type(cursor: pymysql.cursors.Cursor) -> None:
    cursor.execute(
        "insert into image_properties (image_id, name, value, created_at, updated_at, deleted) "
        "select image_id, 'backup_type', %s, created_at, updated_at, 0 from image_properties "
        "where name = 'image_type' and value = 'backup'",
        (_KIND,),
    )
    cursor.execute("analyze table image_properties")
