"""The commands of system 3: a menu of packages for every cloud, project and server. The manual is the package's above.

=============  ==========================================================================
`api`          the cloud's HTTP interface, as the commands ask it
`documents`    files in JSON or YAML, whose numbers may still be read as texts
`values`       values: written on a command line, shown in a table
`words`        what an entry of the menu says, as options of a command
`entries`      ``openstack package menu`` list, show, create, set and delete
`menu_files`   ``openstack package menu`` export and import
`entry_files`  entries of the menu in a file
`parts`        a file that is too large for one request
`projects`     ``openstack project package``
`servers`      ``openstack server package`` add, remove, list, copy and history
`config`       ``openstack server package config``
`status`       ``openstack server package status``, and what waits for it
`launch`       what ``openstack server boot`` takes of packages
=============  ==========================================================================
"""
