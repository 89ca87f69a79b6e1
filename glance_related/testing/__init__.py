"""Shipped for tests: fakes of the hosts, a reference v1 registry, and the suites that drivers must pass.

=================  ================================================================
`fake_glance`      a Glance that answers what a test has told it to, and remembers
`registry`         a reference v1 registry, in memory
`registry_images`  what it keeps, and how it lists
`store_suite`      the contract of `instance_aware`'s store, for any database
=================  ================================================================
"""
