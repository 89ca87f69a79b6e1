"""Where the suite keeps what the hosts must not see.

================  =====================================================================
`models`          the tables
`database`        `Database`: what every store speaks through; retries and the breaker
`engine`          the engine it uses: bounded waits, whatever the driver
`watchdog`        the same for the driver that knows no timeout for answers
`breaker`         after a failure, "down" at once for a while
`failures`        what an error means: down, in another's way, or a bad value
`upsert`          insert or replace a row in one statement
`facts`           short texts under a name, for every process
`turns`           work that one process does at a time
`clock`           the database's own clock, by which leases are told
`paging`          rows behind a marker, in the order of several columns
`among`           compare a column with many values, in the driver's own words
`migration`       ``db upgrade`` and ``db version``: alembic, with a version table of
                  its own, so that the tables may live in Glance's database
`glance_tables`   Glance's own tables, read and never written
================  =====================================================================

The tables may lie in Glance's own database or anywhere else: SQLite, PostgreSQL, MariaDB, or a
MariaDB Galera cluster. There are no sequences, no ``SELECT ... FOR UPDATE`` and no long
transactions, because Galera honours none of them across nodes.

A look-up is one round trip on PostgreSQL and two on MariaDB; a connection that has been idle for a
second is asked for a sign of life first, which is one more.
"""
