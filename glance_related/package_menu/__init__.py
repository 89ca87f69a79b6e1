"""A package menu for every cloud, project and server, delivered to real configuration systems.

What it does
============

A cloud's administrator publishes *packages* (a Puppet class, a Chef recipe, a package of an operating system) and
*variables*, with types, defaults and bounds, and *bundles* of both. A project's manager says which of what is available
are the project's defaults, with which values. Whoever boots a server, or has one, turns packages on and off and sets
variables, before launch or while it runs::

    POST /v2.1/servers
    {"server": {"name": "web-1", "imageRef": "...", "flavorRef": "...", "networks": "none",
                "packages": ["apache"], "package_variables": {"apache_port": 8080}}}

With openstacksdk::

    connection.compute.put(f"/servers/{server_id}/packages/apache_port", json={"value": 8081})
    connection.compute.get(f"/servers/{server_id}/packages").json()["server_packages"]["deliveries"]

and from the shell with ``openstack package menu``, ``project package`` and ``server package`` (`glance_related.osc`),
or in a browser at ``/package-menu-ui`` (`glance_related.package_menu.page`; ``docs/package-menu-server.png`` shows it,
beside it in the dark, on a phone, and with two who change the same).

**What a server has** is a pure function of three tables, and of every entry the API tells its value *and whose word
that is* (``origin``: ``global``, ``project``, ``instance``):

* An entry is ``unavailable`` to a project, ``available``, or a ``default``. A project that says nothing has as defaults
  what is on by default, and nothing else. Making something available, or unavailable, is the administrator's;
  choosing among what is available the project manager's. An administrator may say the same of one server.
* A package is on where it is a default, unless the server has turned it off, and where the server has turned it on. A
  bundle that is on turns on its packages, where they are available, and gives its variables values.
* A variable has the server's value, else that of a bundle, else the project's, else the entry's own; it is in play
  where it belongs to no package, or to one that is on.
* Only where a server differs from its project anything is kept of it: a changed default reaches every server that has
  not deviated. A choice that the menu does not offer any more is kept too, without effect, and told as a problem.

Types are ``string`` (one line), ``text``, ``integer``, ``number``, ``boolean``, ``list`` (of lines), ``choice`` and
``secret``. A secret is never shown again, in no answer, history or log, and is kept encrypted
(``glance-related-manage keys``). An entry may be something else to each driver and operating system
(``realisations``: ``{"guest": {"debian": "apache2", "*": "httpd"}}``, by the image's ``os_distro``); ``null`` is
nothing there, and without a word it has its own name.

**Delivery.** A change and what must be handed over for it are one transaction. ``glance-related-worker``, of which any
number may run, hands it to the drivers that ``package_management_driver`` names, again and again until it has arrived;
a later change takes the place of an earlier one that has not gone out. The customer sees how far it has come:
``pending``, ``delivering``, ``delivered``, ``failed``, and of what guests and Puppet fetch themselves ``offered``,
``read``, ``confirmed``; with the receiver's own words, attempts, times, and what it has (``applied``) beside what it is
to have.

=================  ========================================================================================
driver             what it does
=================  ========================================================================================
`drivers.file`     one JSON document for each server in a folder, also for Chef
`drivers.guest`    the server fetches its settings, at its first boot through Nova's vendordata and later
                   through the metadata service: `glance_related.guest`
`drivers.puppet`   Puppet asks with ``glance-related-enc``, or has a manifest for each server
`drivers.ldap`     a directory with Puppet's schema
=================  ========================================================================================

Requests it changes
===================

Each also with a project in front and behind both of Nova's versions:

``POST /servers``, ``POST /os-volumes_boot``
    ``packages`` (a list of names, or an object of names with true or false) and ``package_variables`` inside ``server``
    are taken out, judged, and apply to every server that the request makes (policy ``package_menu:server_set``).
``GET /servers/{server_id}``, ``GET /os-volumes_boot/{server_id}``
    What is on and has a value is shown as ``packages`` and ``package_variables``; secrets as null. Lists are not
    changed.
``DELETE /servers/{server_id}``, ``DELETE /os-volumes_boot/{server_id}``
    What was kept goes once the server is gone, and its receivers forget it.
``POST /servers/{server_id}/action``, ``POST /os-volumes_boot/{server_id}/action``
    After ``rebuild`` the guest is to fetch its settings again. Actions go on as they are.

Our own, answered by the filter. Lists have ``limit`` and ``marker`` (a name) and lead to their next page under
``<list>_links``; lists of entries are filtered by ``kind``, ``category``, ``enabled`` and ``q``, which is looked for in
names, titles and descriptions. What is shown has an ``ETag``: a change with ``If-Match`` is made only where that is
still the state (412), and ``If-None-Match`` spares what the client has (304). The method is the one that a
request is sent with: Nova's ``_method`` in the query is refused (405), so that an application credential whose access
rules let it read does not write.

``GET /package-menu``, ``POST /package-menu``
    The cloud's menu (policy ``package_menu:list``), and ``{"entry": {...}}`` for it (policy
    ``package_menu:publish``). ``{"entries": [...], "dry_run": true, "remove_others": false}`` puts a whole file on it
    or nothing, and tells what is ``created``, ``changed`` (each field with before and after), ``unchanged`` and
    ``removed``.
``GET /package-menu/{name}``, ``PATCH /package-menu/{name}``, ``DELETE /package-menu/{name}``
    One entry; ``{"entry": {"default": 81}}`` changes some of it. What is in use is removed with ``?force=true`` only;
    who uses it is told.
``GET /package-menu/{name}/servers``
    The servers that have it, with ``origin``; by ``project_id`` too.
``GET /package-menu/projects``, ``GET /package-menu/projects/{of_project}``
    The projects that have said something, and the menu of one (policy ``package_menu:project_show``): each entry with
    ``state``, ``state_origin`` and its default there. By ``state`` too. What is not available is shown to
    administrators only (policy ``package_menu:project_lift``), unless they say ``all=false``.
``PUT /package-menu/projects/{of_project}/{name}``, ``DELETE /package-menu/projects/{of_project}/{name}``
    ``{"state": "default", "default": 8080}``; nothing any more (policy ``package_menu:project_set``).
``GET /servers/{server_id}/packages``, ``PUT /servers/{server_id}/packages``
    What a server has: ``entries`` with value and origin, ``packages``, ``package_variables``, ``chosen`` (what it has
    of its own, as ``PUT`` takes it), ``problems`` and ``deliveries``; with ``on=true`` only the entries that are on or
    have a value. Whoever sees the server in Nova sees it. ``PUT`` takes what a boot takes, and is all that the server
    has of its own then: what is not named it has from its project; a secret that is null stays. ``{"copy_from":
    "SERVER"}`` takes another server's instead, secrets too. Of a locked server only administrators change it (policy
    ``package_menu:server_set_locked``).
``PUT /servers/{server_id}/packages/{name}``, ``DELETE /servers/{server_id}/packages/{name}``
    ``{"on": true}``, ``{"value": 80}``; what the project has. ``{"state": "available"}`` is an administrator's word for
    this server alone (policy ``package_menu:server_state``), null takes it back.
``GET /servers/{server_id}/packages/history``
    Who changed what, when, the last first, a hundred changes on a page at most; secrets as ``***``. Of long values the
    beginning is kept, and of a change of more than 500 entries how many more there were.
``GET /package-menu/nodes/{certname}``
    What a configuration system that comes for it is told of a server, by the name that it knows it by (policy
    ``package_menu:node``; its secrets too by policy ``package_menu:node_secrets``): ``glance-related-enc`` asks it.

Place in the pipeline
=====================

In Nova's paste file behind the filters of the other systems, before ``keystonecontext``, in both composites::

    keystone = ... authtoken instance_aware_nova props_override_nova package_menu keystonecontext osapi_compute_app_v21

    [filter:package_menu]
    use = egg:glance_related#package_menu

It keeps what a boot asks for under Nova's own id of the request, so it stands behind ``compute_req_id``. The page is a
door beside ``/v2.1``, and the driver ``guest`` needs two filters more: ``glance_related`` before all of these, which
Nova asks for a first boot (`glance_related.guest.vendordata_filter`), and ``guest_meta`` in front of Nova's metadata
service (`glance_related.guest.meta_filter`). Without them the menu needs none of the others; ``etc/paste.ini`` shows
all.

It needs ``[instance_aware] nova_installation_uuid`` and ``[riders] mark_keys``; secrets and the page need ``[keys]
folder`` (``glance-related-manage keys setup``). nova-api, nova-metadata and the workers have the same configuration,
``[account]`` only the workers. ``glance-related-worker`` runs anywhere, any number of it;
``etc/glance-related-worker.service`` is a unit for systemd.

Options
=======

In ``[package_menu]`` of ``glance-related.conf``:

``package_management_driver`` (file)
    whom settings are handed to; several may be active. nova-api and nova-metadata name them all, a worker may name
    some. Whoever is named later has every server a few minutes after
``max_entries`` (5000)
    most entries of the menu
``max_settings_bytes`` (262144)
    most bytes of what one server has of its own
``max_body_bytes`` (1 MiB)
    longest body of a request to the menu, or of a boot; Nova's own limit is lower
``look_around_seconds`` (60)
    how often a worker asks each Nova what was made and deleted past this API

Each driver has a group of its own, ``[package_menu_file]`` and so on, and the page has ``[package_menu_ui]``: their
options stand in ``glance-related.conf.sample``. ``[deliveries]`` says how patiently, how many at a time and how long a
worker works. Of the suite's own options those in ``[database]`` (``connection``, ``timeout``, ``breaker_seconds``,
``pool_size``) matter everywhere, those in ``[account]`` (``glance_endpoint``, ``region_name``, ``valid_interfaces``) to
workers and ``reconcile``.

Problems
========

Each is answered in Nova's shape, with our code beside ``message`` and in ``X-Glance-Related-Code``; where several
things are wrong each stands under ``glance_related_problems`` with ``name``, ``code`` and ``message``:

====================================  ======  =======================================================
code                                  status  when
====================================  ======  =======================================================
package_menu.refused                  400     settings that cannot be: unknown to the project, of the
                                              wrong type or out of bounds, a required value missing
package_menu.bad_entries              400     entries that cannot be put on the menu
package_menu.not_settings             400     ``packages`` or ``package_variables`` are not written as
                                              they must be
package_menu.bad_body                 400     the body is no object, or has other members
package_menu.bad_query                400     a filter, ``limit``, ``marker`` or ``force`` that is
                                              none, or that no database can look for
package_menu.elsewhere                400     settings stand where nobody would read them
package_menu.too_many                 400     more than ``max_entries``
package_menu.too_large                400     more than ``max_settings_bytes``
package_menu.no_right_to_state        403     a project may not do without what it is to have
package_menu.locked                   403     the server is locked
package_menu.no_entry                 404     no such entry, or not for this project
package_menu.not_shown                404     another project's menu, or what can be no project
package_menu.no_node                  404     no server of the caller's has this name
package_menu.exists                   409     an entry of this name is there
package_menu.in_use                   409     an entry is in use
package_menu.ambiguous                409     several servers have this name
package_menu.changed_meanwhile        409     others changed the same thing again and again
package_menu.stale                    412     ``If-Match`` names another state
package_menu.no_secrets               503     there are no keys to keep a secret with
body.too_large                        413     a body over ``max_body_bytes``
body.malformed                        400     not UTF-8, not JSON, a key twice, NaN, nested too deep
body.truncated                        400     a body shorter than its Content-Length
glance_related.forbidden              403     a policy says no
glance_related.method_in_query        405     ``_method`` in the query of what is ours alone says
                                              another method than the request
glance_related.database_down          503     our database does not answer, and settings were sent, or
                                              our own resources asked for
glance_related.misplaced              500     the filter does not stand where it must
glance_related.internal               500     a defect of ours; the log has it
====================================  ======  =======================================================

The codes of single things, each behind ``package_menu.``: ``unknown``, ``twice``, ``no_package``, ``no_variable``,
``bad_value``, ``bad_state``, ``required``, ``unavailable``, ``malformed``, ``bad_entry``, ``kind`` and ``refused``.

Try it
======

With ``tools/serve --cloud`` running, in a second shell in the same folder::

    # The administrator publishes a file, which he has tried before, and lets alice's project have something of it.
    . var/rc-admin
    export PATH="$PWD/var/bin:$PATH"
    openstack package menu import --dry-run etc/package-menu.yaml -f value -c Name -c Change
    openstack package menu import etc/package-menu.yaml >/dev/null
    openstack project package set --state available alice apache

    # Alice boots a server with it, and with a port of her own. Whose word is what it has?
    . var/rc-alice
    openstack server boot --flavor m1.tiny --image tiny --nic none --wait -f value -c status \\
        --package apache --package-variable apache_port=8080 with-packages
    openstack server package list with-packages -f value -c Name -c Value -c Origin

    # The worker hands it over; the driver guest waits for a guest, and here is none.
    until openstack server package status with-packages -f value -c Driver -c State | grep '^file delivered'; do
        sleep 1
    done
    find var/package-menu -name '*.json' -exec cat {} + | grep '"apache_port"'

    # She changes it while it runs, and who has done so is told.
    openstack server package add with-packages apache_port=8081 apache_log_level=info
    openstack server package history with-packages -f value -c Name -c After

    # All that is wrong is told at once, and nothing is changed.
    openstack server package add with-packages apache_port=99999 no_such_thing || echo refused

    # The same with curl: what the server has, and how far it has come.
    TOKEN=$(openstack token issue -f value -c id)
    NOVA=$(sed -n 's/.*"url": "\\(.*\\)".*/\\1/p' var/ready | head -1)
    SERVER=$(openstack server show with-packages -f value -c id)
    curl -fsS -H "X-Auth-Token: $TOKEN" "$NOVA/v2.1/servers/$SERVER/packages?on=true"; echo

    # She takes it away again, and he his menu.
    openstack server delete --wait with-packages
    . var/rc-admin
    openstack package menu delete --force $(sed -n 's/^ *- name: //p' etc/package-menu.yaml)

Limits
======

* One database has one menu: Novas that share it share the menu, and their projects are those of one Keystone.
* A boot that asks for settings is refused while our database is down. Every other goes on; its server is seen by a
  worker within ``look_around_seconds``, or by ``reconcile``, and has its project's defaults from then on.
* Of several servers of one boot Nova's answer names the first only. The others have their settings as soon as somebody
  looks at one, its guest asks, or a worker has found them in Nova's record, a few seconds later.
* A change of a project's or of the cloud's menu reaches servers one after the other; ``glance-related-manage deliveries
  status`` tells how many are still to come. Guests see it the next time they ask. Where a worker names some of the
  drivers only, the others' workers see what it has seen to within five minutes.
* What a driver has refused stays ``failed`` until the settings change, or somebody retries it (``glance-related-manage
  deliveries retry``). After a database was restored, ``deliveries retry --all`` hands everything over again.
* Settings are readable in the guest, and what the drivers write holds secrets as they are: whoever reads the folder,
  the directory or the manifests reads them. Customers who may read a server's metadata from within it may, too.
* A pattern may leave only so much open, for customers' values are compared with it in Nova's API: three repetitions
  without an end, none within another, and in a list's pattern, which is compared with each item, two.
* A secret stays a secret: a variable's type cannot become one, nor anything else of one. Remove the entry, and publish
  it again.
* A file over Nova's own limit for a body (``[oslo_middleware] max_request_body_size``, 112 KiB) is imported in parts by
  the command line: all are tried out first.
* Horizon keeps its own panel for later, as in the blueprint: the page stands alone, with a login of its own.
* A secret equal to the project's own is kept as the server's: they are not compared.
* Of a server that was made of a volume Nova names no image, and so no operating system: its packages are called by what
  their realisation ``*`` says.
* A driver that is named no more leaves what it was handed where it is, and what is known of that in our database.
  Remove what it keeps yourself; ``glance-related-manage deliveries forget DRIVER`` ends what was still to be handed.

Why so
======

* **Kept before Nova is asked, found by Nova's record.** What a boot asks for is kept under Nova's own id of the
  request, which stands in the record of every server that it makes, and of no other. So whatever dies in between, the
  server has what it was to have.
* **A pure function.** Nothing is copied into servers: so nothing has to be corrected when a default changes, and
  everybody, the API, a worker, a guest's first question, comes to the same result from the same rows.
* **One row for each receiver.** What is handed over is read when it is handed over. An outage leaves as many deliveries
  as there are servers, however often they were changed, and none arrives out of order.
* **Versions, no locks.** A change is judged against what was read, and written only where that is still there. It works
  alike on one database and on a cluster whose nodes know nothing of each other's locks.
* **A worker asks for nothing but the database.** It needs no queue, and its clock decides nothing: leases are told by
  the database's.
"""
