"""The population as tab-separated files, and from there into a database in the quickest way that it has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.population import PUBLIC, Population, installation_of, project_of, server_id

OURS = "glance_related_image_instances"

#: The tables and columns of each file.
GLANCE_TABLES = {
    "images": "id name size status created_at updated_at deleted disk_format container_format checksum owner min_disk "
    "min_ram protected virtual_size visibility os_hidden os_hash_algo os_hash_value",
    "image_properties": "image_id name value created_at updated_at deleted",
    "image_locations": "image_id value created_at updated_at deleted meta_data status",
}
OUR_TABLES = {OURS: "image_id nova_installation_uuid instance_id created_at"}


def write_files(folder: Path, population: Population, *, with_glance: bool, owner: str | None = None) -> dict[str, str]:
    """One file for each table; returns the tables that there are, with their columns.

    :param owner: whose all images are, instead of those of many projects
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = GLANCE_TABLES | OUR_TABLES if with_glance else OUR_TABLES
    with ExitStack() as stack:
        files = {name: stack.enter_context(_file(folder, name).open("w")) for name in tables}
        for number in range(population.images):
            image_id, server = population.image_id(number), population.server_of(number)
            created, instance = population.created_at(number), server_id(server)
            files[OURS].write(f"{image_id}\t{installation_of(server)}\t{instance}\t{created}\n")
            if with_glance:
                _write_image(files, number, image_id, instance, owner or project_of(server), created)
    return tables


def _write_image(files: dict, number: int, image_id: str, instance: str, owner: str, created: str) -> None:
    digest = hashlib.md5(image_id.encode(), usedforsecurity=False).hexdigest()
    visibility = "public" if number % PUBLIC == 0 else "shared"
    files["images"].write(
        f"{image_id}\tsnapshot-{number}\t2147483648\tactive\t{created}\t{created}\t0\tqcow2\tbare\t{digest}\t{owner}\t20"
        f"\t0\t0\t21474836480\t{visibility}\t0\tsha512\t{digest * 4}\n"
    )
    write = files["image_properties"].write
    for name, value in properties_of(number, instance, owner, digest):
        write(f"{image_id}\t{name}\t{value}\t{created}\t{created}\t0\n")
    files["image_locations"].write(
        f'{image_id}\tfile:///srv/{image_id}\t{created}\t{created}\t0\t{{"store": "fs"}}\tactive\n'
    )


def properties_of(number: int, instance: str, owner: str, digest: str) -> Iterator[tuple[str, str]]:
    """The eight properties of a snapshot that Nova has made."""
    yield "instance_uuid", instance
    yield "base_image_ref", "5f6c1e1c-0c5e-4b39-8a0e-0d4f2f5d7a11"
    yield "image_type", "backup" if number % 3 else "snapshot"
    yield "user_id", digest
    yield "owner_id", owner
    yield "os_distro", ("debian", "ubuntu", "centos")[number % 3]
    yield "hw_disk_bus", "virtio"
    yield "tracker_id", f"T-{number}"


def _file(folder: Path, table: str) -> Path:
    return folder / f"{table}.tsv"


def load_postgresql(connection, folder: Path, tables: dict[str, str]) -> None:
    """COPY, without the checks of foreign keys; indexes that are no constraint are made again afterwards."""
    cursor = connection.cursor()
    cursor.execute("set session_replication_role = replica")
    cursor.execute("set maintenance_work_mem = '512MB'")
    cursor.execute(
        "select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index "
        "where indrelid = any(%s::regclass[]) and not indisunique",
        (list(tables),),
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"drop index {name}")
    for table, columns in tables.items():
        with _file(folder, table).open() as lines:
            cursor.copy_expert(f"copy {table} ({', '.join(columns.split())}) from stdin", lines)
    for _, definition in indexes:
        cursor.execute(definition)
    connection.commit()
    connection.autocommit = True
    cursor.execute("vacuum analyze")
    cursor.execute("checkpoint")


def load_mariadb(connection, folder: Path, tables: dict[str, str]) -> None:
    """LOAD DATA; our table's indexes are made afterwards, by sorting (Glance's are wanted by its foreign keys)."""
    cursor = connection.cursor()
    for setting in ("unique_checks", "foreign_key_checks"):
        cursor.execute(f"set {setting} = 0")
    cursor.execute("set global innodb_flush_log_at_trx_commit = 0")
    indexes = _our_indexes(cursor) if OURS in tables else {}
    for name in indexes:
        cursor.execute(f"alter table {OURS} drop index {name}")
    for table, columns in tables.items():
        cursor.execute(
            f"load data local infile '{_file(folder, table)}' into table {table} character set utf8mb4 "
            f"({', '.join(columns.split())})"
        )
        connection.commit()
    for name, columns in indexes.items():
        cursor.execute(f"alter table {OURS} add index {name} ({', '.join(columns)})")
    cursor.execute(f"analyze table {', '.join(tables)}")
    cursor.execute("set global innodb_flush_log_at_trx_commit = 1")


def _our_indexes(cursor) -> dict[str, list[str]]:
    cursor.execute(
        "select index_name, column_name from information_schema.statistics where table_schema = database() "
        "and table_name = %s and index_name != 'PRIMARY' order by index_name, seq_in_index",
        (OURS,),
    )
    indexes: dict[str, list[str]] = {}
    for name, column in cursor.fetchall():
        indexes.setdefault(name, []).append(column)
    return indexes
