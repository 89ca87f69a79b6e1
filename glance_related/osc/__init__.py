"""For customers who use ``openstack``: its commands for what the suite adds to Nova and Glance.

What it does
============

A plugin of openstackclient. Where the package is installed beside it, ``openstack`` has these commands; each system
has a module here, which speaks to the cloud in its own HTTP interface and imports nothing of the servers' side::

    pip install 'glance_related[osc]'

=================  ===================================================================
`props_override`   the commands of that system
`package_menu`     the commands of that system, a module for each part of them
`boot`             ``server boot``, which takes what both add to a server
`extended_server`  openstacksdk's server with that
`arguments`        arguments that several commands take
`faults`           what an answer says that is wrong
`files`            a file of names and values, as they stand there
=================  ===================================================================

Servers with image properties of their own (`glance_related.props_override`)
----------------------------------------------------------------------------

``openstack server boot [--image-prop-override NAME=VALUE]... [--image-props-file FILE] ...``
    ``server create``, with all its arguments and its output, and with properties that this one server has instead of
    its image's. The server is shown with a row ``image_props_override``: what Nova has then, and not what was typed.

    ``--image-prop-override NAME=VALUE``
        A property; repeat it for several. All behind the first ``=`` is the value, and may be nothing. No name may be
        given twice.
    ``--image-props-file FILE``
        A JSON or YAML object of names with their values; ``-`` is standard input. What the command line says wins.
        A value is the text that stands there: ``yes`` and ``1.10`` are sent as they are. One that is nested or empty
        (``null``), and a name that is there twice, are refused.

    ``--package NAME``, ``--package-variable NAME=VALUE``
        A package or bundle to turn on, and a variable with its value, as below; repeat them for several. The server is
        shown with rows ``packages`` and ``package_variables`` then.

``openstack server image prop show SERVER``
    Which properties are overridden for a server (name or ID), in rows of ``Property`` and ``Value``; no rows where it
    has the image's own.

``openstack image prop override list [--allowed]``
    Every property that Nova knows, in rows of ``Property``, ``Type`` (``text``, ``integer``, ``boolean``, ``choice``,
    ``uuid``), ``Values`` to choose from, and ``Allowed``: whether you may override it. With ``--allowed`` only those.

A menu of packages (`glance_related.package_menu`)
--------------------------------------------------

*The cloud's menu*, for administrators:

``openstack package menu list [--kind KIND] [--category CATEGORY] [--search TEXT] [--enabled | --disabled]``
    Every entry.

``openstack package menu show NAME``
    All that an entry says.

``openstack package menu create NAME --kind KIND ...``, ``set NAME ...``
    Each word of an entry is an option: ``--title``, ``--description``, ``--category``, ``--type``, ``--default``,
    ``--enum``, ``--min``, ``--max``, ``--pattern``, ``--required``, ``--package``, ``--on-by-default``,
    ``--disabled``, ``--realisation DRIVER:OS=NAME``, and of a bundle ``--bundle-package`` and ``--bundle-value
    NAME=VALUE``. ``set`` takes each back with ``--no-`` before it (``--enabled`` for ``--disabled``). What may be
    there several times it adds to what is there; with its ``--no-`` too it replaces that. What others changed stays.

``openstack package menu delete [--force] NAME...``
    What is in use goes with ``--force`` only. Of several names those that others speak of go last.

``openstack package menu export [--json] [FILE]``, ``import [--dry-run] [--remove-others] FILE``
    The menu as a file in YAML or JSON: a list of entries, or an object with it as ``entries``. What an import changes
    is listed in rows of ``Name``, ``Change`` (``created``, ``changed``, ``removed``), ``Field``, ``Before`` and
    ``After``; a dry run lists the same and changes nothing. A file is put on the menu as a whole, or nothing of it. It
    is the whole truth of each entry that it names: what it does not say of one is taken back. Secrets are not
    exported, so a default that is one stays where the file says nothing of it. ``--remove-others`` takes off the menu
    what is not in the file, also what is in use. There is one to begin with, ``etc/package-menu.yaml``.

*A project's*, for administrators and the project's managers; PROJECT is a name or an ID:

``openstack project package list [--state STATE] PROJECT``
    What the project can have, with ``State`` and ``Default`` and whose word each is; also by ``--kind``,
    ``--category`` and ``--search``. Administrators see what it cannot have, too.

``openstack project package set --state STATE [--default VALUE] PROJECT NAME...``, ``unset PROJECT NAME...``
    Entries are ``unavailable``, ``available`` or a ``default``, of a variable with the project's own value; or again
    what they are to all.

*A server's*, for its users; SERVER is a name or an ID:

``openstack server package add [--wait] SERVER NAME|NAME=VALUE...``, ``remove [--wait] [--inherit] SERVER NAME...``
    Turn packages and bundles on, and give variables values; turn them off, and take values back. Several are one
    change, all of it or nothing. With ``--inherit`` nothing is turned off: the project's word counts again.

``openstack server package list [--all] SERVER``
    What it has, with whose word that is; with ``--all`` also what it could have. What was chosen and has no effect any
    more is told on standard error.

``openstack server package config [--json] SERVER``, ``config --file FILE [--dry-run] [--wait] SERVER``
    Print all that the server has of its own, as a file with ``packages`` and ``package_variables``; replace it by such
    a file. What is not in it the server has from its project. A secret is printed as null, and stays as it is where
    that is sent back.

``openstack server package copy [--wait] FROM TO``
    Give a server what another one has of its own, secrets too.

``openstack server package history SERVER``
    Who changed what, the last first.

``openstack server package status [--wait] [--driver DRIVER]... SERVER``
    For each driver what it is to have and what it has, with its own words. ``--wait`` shows on standard error how far
    it has come, and ends when every driver has it, when one has refused (exit code 1, with its words), or after
    ``--timeout`` seconds (600). With ``--driver NAME`` only that driver counts, here and wherever ``--wait`` is: a
    guest without a program that fetches its settings never has them.

**Values** are of the types that the menu says: ``port=80``, ``flag=true``; a list with commas or as JSON, ``a,b`` or
``["a, b"]``. What does not fit is sent as it is typed, so the cloud tells of all that is wrong at once. A secret, or a
text, may stand elsewhere than on the command line: ``NAME=@FILE``, or ``NAME=-`` for standard input; on a terminal it
is asked for and not shown. ``--debug`` and log files tell no body that is sent, for a secret may be in it. In files a
value is the text that stands there where its type is a text: ``1.10`` stays ``1.10``, and ``yes`` is ``yes``.

All that list or show something take openstackclient's own options, as ``-f json`` and ``-c Name``.

Problems
========

What goes wrong is told on standard error, and nothing is printed then:

=========  ============================================================================================================
exit code  when
=========  ============================================================================================================
0          it was done
1          the cloud refused it; a refusal of properties, entries or settings has a line for each, ``NAME: what is
           wrong with it``
1          this cloud has no image property overrides, or no package menu: Nova is not asked for a server, which would
           not have them
1          a file cannot be read or understood; nothing was changed
1          a driver has refused, or ``--timeout`` is over; what was to be changed is changed
1          a server was made, and Nova does not show that anything is overridden for it: a nova-api without the filter
           made it, or the filter's database is down; the sentence names the server, and how to look again. The same of
           packages
2          the command line is wrong; Nova was not asked
=========  ============================================================================================================

Try it
======

Against a cloud that `glance_related.props_override` stands in front of, with the names of ``tools/serve --cloud``::

    openstack image prop override list --allowed
    openstack server boot --flavor m1.tiny --image tiny --no-network --wait \\
        --image-prop-override hw_video_model=virtio --image-prop-override os_command_line="console=ttyS0 ks=a=b" node-1
    echo 'hw_video_model: virtio  # as the others' | \\
        openstack server boot --flavor m1.tiny --image tiny --no-network --image-props-file - node-2
    openstack server image prop show node-1 -f json
    openstack server boot --flavor m1.tiny --image tiny --no-network --image-prop-override hw_vidio_model=x node-3

And with `glance_related.package_menu`, once the administrator has done his part there (*Try it*)::

    openstack server boot --flavor m1.tiny --image tiny --no-network --wait \\
        --package apache --package-variable apache_port=8080 node-4
    openstack server package status --wait --driver file node-4
    openstack server package config node-4 > node-4.yaml
    openstack server package config --file node-4.yaml --dry-run node-4
    openstack server package remove node-4 apache

Limits
======

* It needs openstackclient 7.0 or later: before, ``server create`` did not go through openstacksdk.
* ``server boot`` without overrides is ``server create``, on any cloud.
* Of several servers (``--max``) the one is shown that Nova names; all of them have the overrides.
* ``server image prop show`` cannot tell a server without overrides from a cloud without them, nor from one whose
  filter cannot reach its database now.
* A rebuild takes overrides over HTTP only: ``openstack server rebuild`` from the same image keeps what the server has.
* A menu over 100,000 bytes is imported in parts, as Nova takes no longer request, unless its operator says otherwise:
  all parts are tried before the first is put on the menu. Where the last fails all the same, the first are there; the
  same import makes up for it. Others are removed one by one then, unless somebody has changed them meanwhile.
* A bundle and the variables that it gives values to must fit into one such part.
* A dry run of ``server package config`` knows what is not on the menu, and what would differ; whether a value fits only
  the cloud does.
* Who may not look projects up at Keystone names his own by name or ID, and others by ID.
* ``--image-prop`` is no longer short enough for ``--image-property``, which is another thing: it picks an image.

Why so
======

* **A command beside ``server create``, not another ``server create``.** Two commands of one name are openstackclient's
  "programmer error", and whose wins is chance.
* **Asked first, looked at afterwards.** Nova's compatible ``/v2`` drops what it does not know without a word. A server
  that silently has not what it was asked for is worse than none.
* **A whole PUT for each change of a server**, of what was read with what is new, and only if nobody else was faster: so
  all that is wrong is told at once, and nothing is half done. Who was slower tries again, once.
* **openstacksdk's own request, with one more key.** Its server is extended by an attribute and handed to ``server
  create`` for this one call; the clients that other commands of an interactive shell share stay as they are.
"""
