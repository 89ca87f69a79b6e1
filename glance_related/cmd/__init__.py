"""The command line of the suite: ``glance-related-manage``, ``glance-related-worker`` and
``glance-related-enc``.

==============  ====================================================================
`manage`        the entry: the parser, exit codes, errors in one sentence
`database`      ``db upgrade``, ``db version``
`installation`  ``installation add|list|remove``, ``generate-installation-uuid``,
                ``generate-mark-key``
`reconcile`     ``reconcile``
`deliveries`    ``deliveries list|show|retry|forget|status``
`keys`          ``keys setup|stage|promote|rewrite|forget|list``
`purge`         ``purge``
`worker`        ``glance-related-worker``
`enc`           ``glance-related-enc``, a package: what Puppet asks
`check`         ``config check``, a package with a module for each side
`show`          ``show``, and ``config show``, which is the same
`paste`         a paste file, read as PasteDeploy reads it
`glance_conf`   the few options of Glance's that we judge, and where its tables are
`nova_conf`     the few options of Nova's that we judge
`output`        tables, JSON, progress
==============  ====================================================================
"""
