"""Glance's v2 API, as it is seen from right after the ``context`` filter.

There ``versionnegotiation`` has rewritten every spelling of the version to ``/v2``, and
``authtoken`` and ``context`` have established who is asking.

==============  =====================================================================
`routes`        the table of the paths that the suite changes
`listing`       narrowing a list, walking one, rebuilding ``first`` and ``next``
`patch`         both PATCH media types, read as Glance reads them
`context`       Glance's own request context, and another project's view of it
`protections`   who may create, read, update and delete which property, by Glance's own file
`policy_rules`  Glance's policies, as that file may name them
`errors`        a problem in Glance's shape
==============  =====================================================================
"""
