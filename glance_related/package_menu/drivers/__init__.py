"""Drivers: those whom the settings of servers are handed to.

================  =====================================================================
`driver`          `PackageDriver`: what a driver promises, and the plain data that it is
                  told
`file`            one JSON document for each server in a folder, also for Chef
`guest`           the server fetches its settings itself, at its first boot and ever
                  after
`puppet`          Puppet asks for a server's classes, or has a manifest for each
`ldap`            a directory with Puppet's schema
`certname`        by which name a configuration system knows a server
`puppet_text`     how names and values are written for Puppet
`manifests`       the folder of its manifests, and whose each is
`compilation`     the command that compiles a catalog, and what it complains of
`enc`             what the driver puppet and ``glance-related-enc`` have agreed on
`ldap_directory`  an LDAP server, asked with bounded waits
`folder`          files of servers, replaced in one step
`together`        what several ask for at the same time is done once for all of them
`masking`         what a receiver says, without the secrets that it was told
================  =====================================================================

A driver is a class behind an entry point ``glance_related.package_management_drivers``, named in ``[package_menu]
package_management_driver``. It passes `glance_related.testing.package_driver_suite`, and is proved on its real peer.

What is pushed, a worker hands over; what is pulled, the receiver comes for: a guest as the server that it is, Puppet
with a certificate's name (``GET /package-menu/nodes/{certname}``). Each escapes names and values in its own way, in one
place, and refuses in words what its receiver has no place for, before anything is changed. Where customers choose the
names that servers are known by, a name that is another's is refused: settings of one never come to another.
"""
