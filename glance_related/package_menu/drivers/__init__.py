"""Drivers: those whom the settings of servers are handed to.

===========  ==========================================================================
`driver`     `PackageDriver`: what a driver promises, and the plain data that it is told
`file`       one JSON document for each server in a folder, also for Chef
`guest`      the server fetches its settings itself, at its first boot and ever after
`puppet`     Puppet asks for a server's classes, or has a manifest for each
`ldap`       a directory with Puppet's schema
`puppet_text`  how names and values are written for Puppet
`certname`   by which name a configuration system knows a server
===========  ==========================================================================

A driver is a class behind an entry point ``glance_related.package_management_drivers``, named in ``[package_menu]
package_management_driver``. It passes `glance_related.testing.package_driver_suite`, and is proved on its real peer.
"""
