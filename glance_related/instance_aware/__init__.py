"""Images know the instance they came from.

What it does
============

An image that is a backup or a snapshot carries two properties, its *tuple*:

``nova_installation_uuid``   the Nova that the instance belongs to, a UUID
``instance_id``              the instance within that Nova, 1 to 255 characters

Instance ids are unique only within one Nova, and many Novas may share one Glance; so the two go
together, both or neither. Every client shows, sets and filters by them as by any other property,
and one question finds the images of one instance, however many images lie beside them.

The tuples are kept in a table of the suite. Nothing of them reaches Glance's own tables, nothing
of them counts against Glance's quotas, and nobody else can write them.

A tuple is shown to whoever may see the image. A *public* or *community* image therefore tells
everybody which instance it was made of, as Nova's own ``instance_uuid`` does today; whoever
minds removes the tuple before publishing the image.

Requests it changes
===================

``POST /v2/images``
    A tuple in the body is taken out, judged (below) and kept; Glance gets the rest. The answer
    shows it. Without an ``id`` in the body the filter chooses one, because the tuple is kept
    *before* Glance makes the image.
``GET /v2/images``
    The images' tuples are shown. ``?nova_installation_uuid=&instance_id=`` lists exactly the
    images with this tuple that the caller may see, in Glance's order, with paging and every other
    filter as ever; ``instance_id`` alone matches in every installation, ``nova_installation_uuid``
    alone lists a whole Nova. ``?server=`` is another name of ``instance_id``; where the two
    differ the list is empty. Of a repeated key the last one counts, and ``in:`` is literal, both
    as with Glance's own properties. ``?customer=PROJECT`` (policy ``instance_aware:list_customer``)
    lists what a member of that project would see: the same images in the same order; to everybody
    else it is Glance's ordinary property filter of that name.
``GET /v2/images/{image_id}``
    The tuple is shown.
``PATCH /v2/images/{image_id}``
    Changes of the two properties are taken out, in both of Glance's media types, and judged by
    the pair that they make of what is there; a pair that stays what it was is not judged at all,
    so tools that send everything back may do so. One PATCH is all or nothing.
``DELETE /v2/images/{image_id}``
    Once Glance has deleted the image its tuple goes too.
``POST /v2/images/{image_id}``
    Glance has no such request; it is listed so that a form posted there cannot name another method.
``GET /v2/schemas/image``, ``GET /v2/schemas/images``
    The two properties are described, with ``is_base: false`` as custom ones are.
``GET /v2/glance-related``
    The suite's own: version, systems, limits (policy ``glance_related:about``); to an administrator
    also which database is in use (policy ``glance_related:about_admin``).

Every spelling of these is meant: versions (``/v2.9/images``), doubled slashes, encoded letters,
``?_method=DELETE``. All else goes to Glance untouched, its body unread; image data is never read.

**Who may set, change or remove a tuple**

=====================  ===========================================================================
administrators         whom policy ``instance_aware:bind`` allows, in the name of no service
trusted programs       service users registered with ``installation add --trusted-program``, for
                       their own installations and, by policy ``instance_aware:bind_as_program``,
                       for images of their own project
Nova's service users   nobody: a tuple in a request of theirs is dropped and the request served,
                       because a customer has a hand in what Nova sends, and because a refusal
                       would leave a server stuck in the middle of being shelved
everyone else          nobody: 403, and nothing is stored
=====================  ===========================================================================

A program is its service token, or its own token where it acts for nobody; either must be verified
*and* have the role ``service``. Roles are those of the caller's own token: a service token adds none.

**To whom a tuple is shown**: to every caller but Nova. A GET with a service token is shown none,
unless the token is a trusted program's; nor is one by a user registered as Nova's. What Nova is
shown becomes metadata of the server it boots, and of that server's later images.

**Nova's images.** The filter ``instance_aware_nova`` stands in front of Nova, and has a manual of its own:
``pydoc glance_related.instance_aware.instance_aware_nova_filter``. It notes which server an image will be of;
when Nova's POST arrives here with the marked request id of that note, the image is bound to that server.
Where a registered Nova has no such filter, what its POST says of the server is noted, shown to nobody, and
``reconcile`` binds the image once Nova's own record of the server's actions has proved it.

**The v1 registry.** The filter ``instance_aware_registry`` does the same in front of the registry that
older clouds have. Nobody there asks who the caller is, so that filter also keeps customers apart itself.
It has a manual of its own: ``pydoc glance_related.instance_aware.instance_aware_registry_filter``.

Place in the pipeline
=====================

After ``context``, before ``cache``, in every pipeline of ``glance-api-paste.ini`` that asks Keystone::

    keystone = cors http_proxy_to_wsgi versionnegotiation osprofiler authtoken context instance_aware rootapp

    [filter:instance_aware]
    use = egg:glance_related#instance_aware

``etc/paste.ini`` says why there. ``config_file`` in the section names another configuration than
``/etc/glance-related/glance-related.conf``. ``glance-related-manage config check`` finds a filter
in the wrong place. ``[keystone_authtoken] service_token_roles_required`` should be true; where it
is not the filter still believes only service tokens with the role ``service``.

Options
=======

In ``[instance_aware]`` of ``glance-related.conf``; ``etc/glance-related.conf.sample`` has them all.

``allow_unknown_installations`` (false)
    accept tuples of installations that nobody registered
``allow_no_auth`` (false)
    serve a Glance that knows no callers, where everyone is an administrator, or a v1 registry
``nova_installation_uuid`` (none)
    which installation the Nova is that ``instance_aware_nova`` stands in front of
``customer_roles`` (member, reader)
    the roles of the user in whose place ``?customer=`` looks
``max_body_bytes`` (4 MiB)
    longest body of POST and PATCH; image data has no limit here
``grace_seconds`` (3600)
    how old a row must be before ``reconcile`` judges it
``registrations_seconds`` (10)
    how long a worker may remember who is registered when it decides what a GET is shown; what is
    written is judged by the database itself

The suite's own, in ``[database]``: ``connection`` (no default), ``timeout`` (5 seconds for a connection
and for each answer), ``breaker_seconds`` (5: how long it counts as down after a failure) and
``pool_size`` (10 connections for each process). In ``[riders]``, the same on Nova's and on
Glance's side: ``mark_keys`` (no default) and ``lifetime_seconds`` (3600). In ``[account]``, the user by whom
``reconcile`` asks Glance and the registered Novas: ``glance_endpoint``, ``region_name``, ``valid_interfaces``
and keystoneauth's options. That user must be an administrator for both (role ``admin``): only an
administrator's 404 means that an image is gone, and only an administrator is told what Nova has recorded of
every project's servers. It changes nothing in either.

Problems
========

Each is answered in Glance's own shape, with its code in the header ``X-Glance-Related-Code``.

====================================  ======  =======================================================
code                                  status  when
====================================  ======  =======================================================
instance_aware.not_allowed            403     the caller may not set, change or remove a tuple
instance_aware.foreign_installation   403     a trusted program names an installation not its own
instance_aware.unknown_installation   400     nobody registered that installation
instance_aware.half_tuple             400     one property of the two would stand alone
instance_aware.bad_installation       400     ``nova_installation_uuid`` is no UUID
instance_aware.bad_instance           400     ``instance_id`` is empty, longer than 255 characters, or
                                              has a control character in it
instance_aware.not_recorded           503     an update that Glance has made, and our database then
                                              failed: send it again
instance_aware.changed_meanwhile      409     an update that Glance has made, while somebody else has
                                              changed the tuple: theirs stands
instance_aware.no_customer            400     ``?customer=`` is empty
image_patch.bad_operation             400     an operation other than add, remove, replace on ours
image_patch.bad_pointer               400     a path below one of our properties
image_patch.no_value                  400     add or replace without a value
image_patch.bad_value                 400     a value that is no string
image_patch.exists                    409     ``add`` of what is there, in the v2.0 media type
image_patch.missing                   409     ``replace`` or ``remove`` of what is not there
body.too_large                        413     a body over ``max_body_bytes``
body.malformed                        400     not UTF-8, not JSON, a key twice, NaN, nested too deep
body.truncated                        400     a body shorter than its Content-Length
glance_related.forbidden              403     a policy says no
glance_related.method_in_query        405     ``_method`` in the query of what is ours alone says
                                              another method than the request
glance_related.database_down          503     the request needs our database, which does not answer
glance_related.no_auth                403     a Glance without callers, and ``allow_no_auth`` is off
glance_related.misplaced              500     the filter does not stand behind ``context``
glance_related.internal               500     a defect of ours; the log of Glance has it
====================================  ======  =======================================================

Try it
======

With ``tools/serve`` running, in a second shell in the same folder::

    # The backup scheduler is a trusted program: it says which server an image is of.
    . var/rc-scheduler
    export PATH="$PWD/var/bin:$PATH"
    openstack image create monday --property nova_installation_uuid=$NOVA_INSTALLATION_UUID \\
        --property instance_id=web-1 -f value -c status

    # One question finds the images of that server.
    openstack image list --property nova_installation_uuid=$NOVA_INSTALLATION_UUID \\
        --property instance_id=web-1 -f value -c Name

    # The same with curl; the answer shows the tuple.
    TOKEN=$(openstack token issue -f value -c id)
    GLANCE=$(sed -n 's/.*"glance": "\\(.*\\)".*/\\1/p' var/ready)
    curl -fsS -H "X-Auth-Token: $TOKEN" \\
        "$GLANCE/v2/images?nova_installation_uuid=$NOVA_INSTALLATION_UUID&server=web-1"; echo

    # Alice is a customer: the image is not hers, so she is shown none of it.
    . var/rc-alice
    openstack image list --property instance_id=web-1 -f value -c Name

    # Nor may she say which server an image is of.
    openstack image create mine --property nova_installation_uuid=11111111-2222-3333-4444-555555555555 \\
        --property instance_id=web-1 || echo refused

    # The scheduler takes the tuple away again, and deletes the image.
    . var/rc-scheduler
    openstack image unset monday --property nova_installation_uuid --property instance_id
    openstack image list --property instance_id=web-1 -f value -c Name
    openstack image delete monday

    # What the operator sees.
    glance-related-manage installation list

Limits
======

* A list is narrowed by asking Glance for up to 10,000 ids, measured on SQLite, PostgreSQL and MariaDB.
  More images than that (``nova_installation_uuid`` alone) are found by walking Glance's own list, looking
  at about 10,000 images for one request; where that bound is reached first, a page is short and its
  ``next`` goes on from the last image looked at. A client that follows ``next`` sees each image once.
* Bodies of POST and PATCH of an image are parsed strictly: JSON in UTF-8, at most 32 levels deep, no key
  twice, no NaN, no longer than ``max_body_bytes``. A few bodies that Glance would read are refused.
* Ids are compared as Glance has stored them: an image made under an id in upper case is asked for in
  upper case, as ever.
* A client that replaces *all* properties of an image (openstacksdk's ``update_image(properties=...)``) takes
  the tuple off with the rest where it is left out: an administrator unbinds the image, a member is refused.
* Names that Glance stores itself (stored before the filter came, or by an import task) are neither shown
  nor matched. ``config check`` counts them, and ``reconcile --import`` takes over those of a registered Nova.
* With the database down, what needs it is answered 503: a tuple sent, a list by instance, an
  administrator's ``GET /v2/glance-related``. All else goes on, shown without tuples. A delete leaves its
  row to ``reconcile``. A request of Nova's goes through without its tuple, and so does one with a service
  token of whose registration this worker has not heard yet.
* A worker believes what it has read of registrations for ``registrations_seconds``, so a program that is
  registered, or removed, is shown tuples as before for that long.
* A crash, or a database that fails behind Glance's answer, leaves rows that nobody sees: an image that was
  never made, or an attempt that was. ``glance-related-manage reconcile`` (from a timer; safe while serving)
  removes a row only where an administrator's GET of that image is answered 404 and the row is older than
  ``grace_seconds``, and finishes attempts. ``--dry-run`` only says what it would do.
* It binds an image of Nova's that has no row only where Nova's record of that server's actions proves it: by
  the request id under which Nova asked for the image, else by who asked and when, where as many actions as
  images come into question. What cannot be told is left and counted. Found are images of the last seven days
  (``--since``); not found are those of volume-backed servers, and of servers whose record Nova has archived.
  What a customer has sent as metadata can at most tell an image as that of another server of the same project,
  where that server is volume-backed, or its own image of the same two minutes was deleted.
* An operator whose ``schema-image.json`` makes one of the two names *required* cannot use the filter: Glance
  never sees them. ``config check`` finds that.

Why so
======

* **Row first, image second.** A row without an image is harmless: Glance returns nothing for it, and it is
  swept. An image without its row would be a loss, and nobody could tell. Where the client chose the id it
  may be somebody else's image, so that row stays pending, unshown and unmatched, until Glance has said 201.
* **Glance decides who sees what.** A list is Glance's own list with ``id=in:`` added, a change is authorized
  by Glance before it is ours, and a customer's view is asked with that customer's context. What is never
  written twice cannot disagree.
* **A change is judged with the image in hand.** Glance answers a PATCH that changes nothing of its own with
  200 to anyone who sees the image; so the filter first asks for the image, as the caller, for its owner.
* **Nova's words are dropped, not believed.** Metadata of a snapshot and properties of an old image come
  through Nova's body, under Nova's token, with whatever a customer once put there.
* **Rotation is left to Glance.** Nova asks for the backups that it deletes by ``image_type``, ``backup_type`` and
  ``instance_uuid``, which Glance finds in no index. The question could be narrowed by the ids that our table
  holds for the server, and would then be answered wrongly wherever that is not all of them: a backup made before
  the filter came, past it, or while the database was down would never be rotated. It would take a mark for each
  server, "complete since", set once every image that names it has been compared, and taken back with every image
  that is let through unbound. Until there is one, the question goes to Glance as Nova has put it.
* **A table of its own.** Glance's properties are found by joins over all of them, count against quotas, are
  inherited by servers, and can be deleted by a user who may not even read them.
"""
