"""Shipped for tests: fakes of the hosts, a reference v1 registry, and the suites that drivers must pass.

======================  ================================================================
`fake_glance`           a Glance that answers what a test has told it to, and remembers
`fake_nova`             a Nova that does the same, and has a record of its servers' actions
`registry`              a reference v1 registry, in memory
`registry_images`       what it keeps, and how it lists
`store_suite`           the contract of `instance_aware`'s store, for any database
`adoption_suite`        the same of what awaits the proof of its instance
`rider_suite`           the same of what rides on requests to Nova
`override_suite`        the same of what servers were booted with
`delivery_suite`        the same of the outbox
`gone_suite`            the same of servers that go and come back in it
`waiting_suite`         the same of how much waits in it, and since when
`outbox`                what these three work with
`menu_suite`            the same of the package menu
`secret_suite`          the same of its secrets, where keys change
`instance_suite`        the same of what servers have of it
`package_driver_suite`  the same of whom it is handed to
`package_values`        what that suite hands over
`statements`            what a store asks its database, to be counted
======================  ================================================================
"""
