"""glance_related: WSGI filters that give an unmodified OpenStack Glance (and, later, Nova) new abilities.

This page is the map. Each system's manual is the docstring of its package (``pydoc
glance_related.instance_aware``); ``README.md`` installs it, ``CONTRIBUTING.md`` says how to change it.

The systems
===========

``instance_aware``   images know the instance they came from: lists by instance and by customer

More are planned (overrides of image properties at boot, a menu of packages, injected files,
contextualization); nothing of them is here yet. One system is one word everywhere: its package, paste
section, entry point, option group, error prefix, policy prefix and test folder.

The pipeline
============

Filters are composed by PasteDeploy in Glance's own ``glance-api-paste.ini``; ``etc/paste.ini`` shows the
lines and says why each word stands where it stands::

    cors http_proxy_to_wsgi versionnegotiation osprofiler authtoken context instance_aware [cache] rootapp

A request that is none of ours crosses one room: one test on its path, then Glance, same environ, same
iterator, body unread. One that is ours goes to its handler, in an order that reads like the decision it
implements: the rules say who may, the store keeps, the host answers, the reply is shown.

The house
=========

===================  ===================================================================================
`problem`            an error as data: status, code, text
`instance_ref`       ``InstanceRef``, the one identity that runs through everything
`suite`              what the filters of one process share: settings, database, policy, counters
`wsgi`               the only code that knows WSGI: routes, bodies, queries, replies, the caller
`hosts`              what is known of the services we stand in front of, one package for each
`settings`           options (oslo.config) and policies (oslo.policy)
`riders`             what rides on a request to Nova and comes out at Glance, under a marked request id
`db`                 the engine, its bounded waits and retries, and the schema's migrations
`instance_aware`     system 1: its filter, rules, store, options, problems
`client`             for programs: openstacksdk's images, with the instance known
`cmd`                ``glance-related-manage``
`healthcheck`        a plugin for oslo.middleware's healthcheck
`testing`            shipped for tests: a fake Glance, a reference registry
===================  ===================================================================================

The filter alone conducts: rules decide on plain data and call nobody; store and host never call each
other; no system imports another. SQL is in ``store.py`` and `db`, WebOb in `wsgi` and ``*_filter.py``,
and nothing is registered in the host's global configuration. ``tests/project`` holds the house to it.
"""
