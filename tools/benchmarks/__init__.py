"""`tools/bench`: what our filters cost and gain, side by side with a stock Glance.

Every figure sets two sides beside each other in the same run: they take turns, so that whatever
else the machine does meets both, and medians are compared.

* `catalogue`: the figures by name, each with its goal
* `figures`: one measured figure; the table and the JSON file
* `measure`: turns, medians, intervals
* `options`: the sizes of a run
* `population`: which image belongs to which server and project, as a formula
* `loading`: the population as files, and into PostgreSQL and MariaDB
* `databases`: private servers of both; `glances`: Glances with our filters and without; `client`
* `clouds`: a whole cloud with Nova; `calls`: calls through our filters in this process
* `bench`: what the figures share, started when the first of them wants it
* `passing`, `listing`, `plain`, `creating`, `snapshots`, `rotation`, `overrides`, `menus`,
  `delivering`, `launching`, `guest_meta`, `page`, `lookups`, `memory`: the measurements themselves
"""
