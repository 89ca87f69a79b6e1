"""Where the suite keeps what the hosts must not see.

================  =================================================================
`models`          the tables
`database`        `Database`: reads and writes, retried, and never waiting for long
`engine`          an engine with bounded waits, whatever the driver
`breaker`         after a failure, "down" at once for a while
`watchdog`        bounded waits for the one driver that knows none
`failures`        what an error of the database means
`upsert`          insert a row, or make the one that is there say the same
`migration`       ``db upgrade`` and ``db version``: alembic, with a version table of
                  its own, so that the tables may lie in Glance's database
`glance_tables`   Glance's own tables, read and never written
================  =================================================================

The tables may lie in Glance's own database or anywhere else: SQLite, PostgreSQL, MariaDB, or a
MariaDB Galera cluster. There are no sequences, no ``SELECT ... FOR UPDATE`` and no long
transactions, because Galera honours none of them across nodes.
"""
