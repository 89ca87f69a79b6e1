"""glance_related: WSGI filters that give an unmodified OpenStack Glance and Nova new abilities.

This page is the map. Each system's manual is the docstring of its package (``pydoc
glance_related.instance_aware``); ``README.md`` installs it, ``CONTRIBUTING.md`` says how to change it.

The systems
===========

``instance_aware``   images know the instance they came from: lists by instance and by customer
``props_override``   one image, many machines: image properties overridden for one server
``package_menu``     a menu of packages for every cloud, project and server, delivered to where they are configured

More are planned (injected files, contextualization); nothing of them is here yet.
One system is one word everywhere: its package, paste section, entry point, option group, error prefix,
policy prefix and test folder. Where it stands in front of Glance and of Nova, its filter in front of Nova has
the same word with ``_nova``. Each system does without the others.

The pipelines
=============

Filters are composed by PasteDeploy in the hosts' own files, Glance's ``glance-api-paste.ini`` and Nova's
``api-paste.ini``; ``etc/paste.ini`` shows the lines and says why each word stands where it stands::

    ... versionnegotiation osprofiler authtoken context instance_aware props_override [cache] rootapp
    ... authtoken glance_related instance_aware_nova props_override_nova package_menu keystonecontext [...]
    ... http_proxy_to_wsgi guest_meta metaapp

The first are Glance's, the second Nova's, the third Nova's metadata service's. Beside the second, for those who
have no token yet, is a door: the page at ``/package-menu-ui``, which enters that pipeline at its head.

A request that is none of ours crosses one room: one test on its path, then the host, same environ, same
iterator, body unread. One that is ours goes to its handler, in an order that reads like the decision it
implements: the rules say who may, the store keeps, the host answers, the reply is shown. What a filter in
front of Nova has to tell one in front of Glance, or the servers that Nova makes, rides on Nova's own
requests: kept under the request id that Nova hands on to Glance and writes into its record, and found by it.
What must reach somebody else, a guest or a configuration system, is written down in the transaction of the
change, and handed over by ``glance-related-worker`` until it has arrived.

The house
=========

===================  ===================================================================================
`problem`            an error as data: status, code, text
`instance_ref`       ``InstanceRef``, the one identity that runs through everything
`suite`              what the filters of one process share: settings, database, policy, counters
`wsgi`               the only code that knows WSGI: routes, bodies, queries, replies, the caller
`hosts`              what is known of the services we stand in front of, one package for each
`settings`           options (oslo.config) and policies (oslo.policy)
`riders`             what rides on a request to Nova and comes out at Glance, or at the servers that it makes
`deliveries`         the outbox: what must reach somebody, kept until it has, and the worker that sees to it
`guest`              how a guest gets what is its own: at its first boot, and from the metadata service
`db`                 the engine, its bounded waits and retries, and the schema's migrations
`instance_aware`     system 1: its filters, rules, stores, options, problems
`props_override`     system 2: the same
`package_menu`       system 3: the same, with its drivers and its page
`client`             for programs: openstacksdk's images, with the instance known
`osc`                for customers: commands of openstackclient
`cmd`                ``glance-related-manage``, ``glance-related-worker``, ``glance-related-enc``
`healthcheck`        a plugin for oslo.middleware's healthcheck
`testing`            shipped for tests: fakes of Glance and Nova, a reference registry
===================  ===================================================================================

The filter alone conducts: rules decide on plain data and call nobody; store and host never call each
other; no system imports another. SQL is in ``store.py`` and `db`, WebOb in `wsgi` and ``*_filter.py``,
and nothing is registered in the host's global configuration. ``tests/project`` holds the house to it.
"""
