"""For customers who use ``openstack``: its commands for what the suite adds to Nova and Glance.

What it does
============

A plugin of openstackclient. Where the package is installed beside it, ``openstack`` has these commands; each system
has a module here, which speaks to the cloud in its own HTTP interface and imports nothing of the servers' side::

    pip install 'glance_related[osc]'

================  ====================================================================
`props_override`  the commands of that system
`files`           a file of names and values, as they stand there
================  ====================================================================

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

``openstack server image prop show SERVER``
    Which properties are overridden for a server (name or ID), in rows of ``Property`` and ``Value``; no rows where it
    has the image's own.

``openstack image prop override list [--allowed]``
    Every property that Nova knows, in rows of ``Property``, ``Type`` (``text``, ``integer``, ``boolean``, ``choice``,
    ``uuid``), ``Values`` to choose from, and ``Allowed``: whether you may override it. With ``--allowed`` only those.

All take openstackclient's own options, as ``-f json`` and ``-c Property``.

Problems
========

What goes wrong is told on standard error, and nothing is printed then:

=========  ============================================================================================================
exit code  when
=========  ============================================================================================================
0          it was done
1          the cloud refused it; a refusal of properties has a line for each, ``NAME: what is wrong with it``
1          this cloud has no image property overrides: Nova is not asked for a server, which would not have them
1          a file cannot be read or understood; Nova was not asked
1          a server was made, and Nova does not show that anything is overridden for it: a nova-api without the filter
           made it, or the filter's database is down; the sentence names the server, and how to look again
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

Limits
======

* It needs openstackclient 7.0 or later: before, ``server create`` did not go through openstacksdk.
* ``server boot`` without overrides is ``server create``, on any cloud.
* Of several servers (``--max``) the one is shown that Nova names; all of them have the overrides.
* ``server image prop show`` cannot tell a server without overrides from a cloud without them, nor from one whose
  filter cannot reach its database now.
* A rebuild takes overrides over HTTP only: ``openstack server rebuild`` from the same image keeps what the server has.
* ``--image-prop`` is no longer short enough for ``--image-property``, which is another thing: it picks an image.

Why so
======

* **A command beside ``server create``, not another ``server create``.** Two commands of one name are openstackclient's
  "programmer error", and whose wins is chance.
* **Asked first, looked at afterwards.** Nova's compatible ``/v2`` drops what it does not know without a word. A server
  that silently has not what it was asked for is worse than none.
* **openstacksdk's own request, with one more key.** Its server is extended by an attribute and handed to ``server
  create`` for this one call; the clients that other commands of an interactive shell share stay as they are.
"""
