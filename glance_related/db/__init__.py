"""Where the suite keeps what the hosts must not see.

================  =================================================================
`models`          the tables
`database`        `Database`: the engine, bounded waits, retries and the breaker
`migration`       ``db upgrade`` and ``db version``: alembic, with a version table of
                  its own, so that the tables may live in Glance's database
`glance_tables`   Glance's own tables, read and never written
================  =================================================================

The tables may lie in Glance's own database or anywhere else: SQLite, PostgreSQL, MariaDB, or a
MariaDB Galera cluster. There are no sequences, no ``SELECT ... FOR UPDATE`` and no long
transactions, because Galera honours none of them across nodes.
"""
