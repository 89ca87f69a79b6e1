"""One image, many machines: image properties overridden for one server.

What it does
============

A customer boots a server from an image with properties of his own in place of the image's, without uploading it
again: another kernel command line, another video model, a NUMA layout for this one server::

    POST /v2.1/servers
    {"server": {"name": "node-1", "imageRef": "...", "flavorRef": "...", "networks": "none",
                "image_props_override": {"os_command_line": "console=ttyS0 ks=http://...", "hw_numa_nodes": "2"}}}

With openstacksdk::

    connection.compute.post("/servers", json={"server": {..., "image_props_override": {"hw_disk_bus": "scsi"}}})
    connection.compute.get(f"/servers/{server_id}").json()["server"]["image_props_override"]

and from the shell with ``openstack server boot`` (`glance_related.osc`).

The image stays as it is, for everybody. Nova stores the merged properties with the server as if the image had them:
its scheduler, its driver, a resize, an evacuation, an unshelve and a hard reboot all go by them, and from microversion
2.98 on Nova itself shows them under ``image.properties``.

Two filters work together. ``props_override_nova``, in front of Nova, takes the override out of the request, judges it,
keeps it, and lets Nova go to Glance under a request id that carries a keyed mark; ``props_override``, in front of
Glance, merges it into the image when Nova asks for it under that id, and for nobody and nothing else.

**What is judged, before Nova is asked.** All that is wrong with an override is told in one answer, each property with
its name, a code and a sentence:

* Names are those that Nova knows (``ImageMetaProps``), with ``trait:NAME``, ``hw_numa_cpus.N`` and ``hw_numa_mem.N``.
  To an unknown one the nearest is offered: what the specification calls ``hw_os_command_line`` is ``os_command_line``.
  Older names are the same property as the newer (``vm_mode`` is ``hw_vm_mode``); naming both is refused.
* Values are what Nova would accept, and no more: of words that Nova would silently read as "false", or cut at 255
  bytes, it is told that they cannot be used.
* Glance's own **property protections** decide who may: to override a property the caller must be allowed to *create*
  it, for it comes back as a property of every later snapshot of the server, and to *update* it too where the image has
  it. Only the caller's own roles count. The operator gives a copy of Glance's file (``property_protection_file``); it
  is read by Glance's rules (unanchored expressions, first match, no match refuses), again whenever it has changed, and
  a new one that Glance would not start with leaves the old one in force and is said in the log.
* On top the operator says which properties may be overridden at all: ``allowed``, ``denied``.

**Afterwards.** A *rebuild* from the same image has what the server was made with, without a word; with an
``image_props_override`` of its own it has that instead, and with ``{}`` the image's own again. A rebuild from another
image has what is sent with it. A *rescue* from the server's own image has the server's properties. ``GET`` of a server
shows ``image_props_override`` at every microversion.

**Snapshots** of such a server carry the overridden values as ordinary properties: Nova writes into an image what its
server had. A server that is booted from that snapshot has them without any override, and an override of its own is
then one of the snapshot's properties.

Requests it changes
===================

Each also with a project in front and behind both of Nova's versions; ``os-volumes_boot`` is Nova's
second name of ``servers``:

``POST /servers``, ``POST /os-volumes_boot``
    ``image_props_override`` inside ``server`` is taken out, judged, and applied to every server that the request makes
    (policy ``props_override:override``). Elsewhere in the body, where nobody would read it, it is refused.
``POST /servers/{server_id}/action``, ``POST /os-volumes_boot/{server_id}/action``
    ``rebuild`` takes ``image_props_override`` too, and without it has what the server had; ``rescue`` without an image
    has it as well. ``createImage``, ``createBackup`` and ``shelve`` of a server that was made with properties which
    the caller may not create are refused, for the image would carry them. Other actions go on as they are.
``GET /servers/{server_id}``, ``GET /os-volumes_boot/{server_id}``, ``GET /servers/detail``,
``GET /os-volumes_boot/detail``
    ``image_props_override`` is shown where there is one.
``DELETE /servers/{server_id}``, ``DELETE /os-volumes_boot/{server_id}``
    What was kept goes once the server is gone.
``GET /image-props-override``
    Our own: a JSON schema of what the caller may override (policy ``props_override:list``); with ``?all=true`` of
    everything that Nova knows, with ``readOnly`` for what he may not.

In front of Glance an image is shown to Nova with the properties of the boot that asks for it: see
`glance_related.props_override.props_override_filter`.

Place in the pipeline
=====================

In Glance's paste file right behind ``instance_aware``, before ``cache``; in Nova's between ``instance_aware_nova`` and
``keystonecontext``, in both composites::

    keystone = ... authtoken context instance_aware props_override rootapp                                     (Glance)
    keystone = ... authtoken instance_aware_nova props_override_nova keystonecontext osapi_compute_app_v21      (Nova)

    [filter:props_override]
    use = egg:glance_related#props_override

    [filter:props_override_nova]
    use = egg:glance_related#props_override_nova

Either works without the filters of ``instance_aware``. Database and ``[riders] mark_keys`` are the same on both sides,
Nova's service users are registered (``glance-related-manage installation``), ``[instance_aware]
nova_installation_uuid`` says which Nova it is, and ``[service_user] send_service_user_token`` must be true in Nova's
configuration, or nova-compute would ask Glance as the customer. ``glance-related-manage config check`` looks at all of
that. A boot with an override is tried out at Glance before Nova is let at it, so that none is ever made without.

Options
=======

In ``[props_override]`` of ``glance-related.conf`` on the hosts of nova-api:

``property_protection_file`` (none)
    Glance's own file of property protections, or a copy; not set: nothing is protected
``property_protection_rule_format`` (roles)
    how it says who may: ``roles`` or ``policies``, as in Glance's configuration
``property_protection_policy_file`` (none)
    for ``policies``: Glance's policy file, or a copy
``allowed`` (*)
    which properties may be overridden at all, as shell patterns
``denied`` (img_bdm_v2, img_owner_id, img_root_device_name, img_signature*, cinder_encryption_key_*)
    which of those may not: by default what says what an image is, not on what machine it runs
``max_properties`` (64)
    most properties of one server; they count against Glance's ``image_property_quota`` in its snapshots
``max_body_bytes`` (1 MiB)
    longest body of a request that may override properties; Nova's own limit is lower

Of the suite's own options those in ``[database]`` (``connection``, ``timeout``, ``breaker_seconds``, ``pool_size``) and
``[riders]`` (``mark_keys``; ``lifetime_seconds``: how long a boot may take to ask Glance) matter on both sides, those
in ``[account]`` (``glance_endpoint``, ``region_name``, ``valid_interfaces``) to ``reconcile``.

Problems
========

Each is answered in Nova's shape, with our code beside ``message`` and in ``X-Glance-Related-Code``; where several
properties are wrong each stands under ``glance_related_problems`` with ``property``, ``code`` and ``message``:

====================================  ======  =======================================================
code                                  status  when
====================================  ======  =======================================================
props_override.refused                400     a property that is unknown, named twice, has a value
                                              that Nova would not take, or cannot be changed by a
                                              rebuild from the same image
props_override.forbidden              403     nothing but the caller's rights or the operator's
                                              patterns stand in the way
props_override.not_properties         400     the override is no object
props_override.too_many               400     more than ``max_properties``
props_override.elsewhere              400     the override stands where nobody would read it
props_override.from_volume            400     the root disk is a volume
props_override.no_image               400     the image cannot be found
props_override.not_applied            503     Glance does not show Nova what was kept: its filter is
                                              missing, or the two sides do not fit
props_override.undecided              503     a rebuild of a server of which Nova does not tell by
                                              which requests it was made, soon after one with an
                                              override: its policy ``os-instance-actions`` must let
                                              the project's members read
props_override.snapshot_forbidden     403     an image of this server would carry what the caller
                                              may not set
body.too_large                        413     a body over ``max_body_bytes``
body.malformed                        400     not UTF-8, not JSON, a key twice, NaN, nested too deep
body.truncated                        400     a body shorter than its Content-Length
glance_related.forbidden              403     a policy says no
glance_related.method_in_query        405     ``_method`` in the query of what is ours alone says
                                              another method than the request
glance_related.database_down          503     our database does not answer, and an override was sent
                                              or a server is to be rebuilt
glance_related.misplaced              500     the filter does not stand where it must
glance_related.internal               500     a defect of ours; the log has it
====================================  ======  =======================================================

The codes of single properties: ``props_override.unknown``, ``two_names``, ``no_text``, ``bad_value``, ``not_offered``,
``protected`` and ``placed``, each behind the same prefix.

Try it
======

With ``tools/serve --cloud`` running, in a second shell in the same folder::

    # What may alice override, and with what?
    . var/rc-alice
    export PATH="$PWD/var/bin:$PATH"
    openstack image prop override list --allowed -f value -c Property | head -5

    # One image, a server with a video model of its own.
    openstack server boot --flavor m1.tiny --image tiny --nic none --wait -f value -c status \\
        --image-prop-override hw_video_model=virtio --image-prop-override os_command_line="console=ttyS0 ks=a=b" \\
        one-of-a-kind
    openstack server image prop show one-of-a-kind

    # All that is wrong is told at once, and no server is made.
    openstack server boot --flavor m1.tiny --image tiny --nic none \\
        --image-prop-override hw_os_command_line=x --image-prop-override hw_video_model=paper second || echo refused

    # The same with curl: what may be overridden is a JSON schema.
    TOKEN=$(openstack token issue -f value -c id)
    NOVA=$(sed -n 's/.*"url": "\\(.*\\)".*/\\1/p' var/ready | head -1)
    curl -fsS -H "X-Auth-Token: $TOKEN" "$NOVA/v2.1/image-props-override"; echo

    # She takes it away again.
    openstack server delete --wait one-of-a-kind

Limits
======

* Without a file of protections whoever may boot an image may override whatever ``allowed`` and ``denied`` leave.
  That is no more than he may do with an image of his own; a cloud whose customers may not upload images should say
  what they may override.
* Servers whose root disk is a volume are refused: Nova reads what they are made of from the volume, and Cinder would
  keep an overridden property in it for good.
* A rebuild from the same image does not place a server anew, in Nova: properties by which a server is placed
  (``trait:*``, ``hw_numa_*``, ``hw_cpu_policy``, ``hw_mem_page_size``, ``hw_architecture`` and their like) cannot be
  changed by one, nor taken away by ``{}``. Nova itself would accept that and count wrongly ever after.
* While our database is down boots without an override go on, ``image_props_override`` is not shown, a rescue goes
  on without, and a boot with an override is refused, and so is every rebuild: it might silently take away from a
  server what it was made with.
* A crash between Nova's answer and our row is made good at the first look at the server by somebody of its
  project, or by ``reconcile``, from Nova's own record of the request that made it. ``reconcile`` also forgets what
  was kept of servers that are gone.
* What the operator's scheduler derives from an image besides (``[scheduler] image_metadata_prefilter``: disk, video
  and network models) a rebuild from the same image may change, and a later move is placed by what was before.
* While a nova-api without this filter rebuilds a server from the same image, what was kept of it stays, and is shown
  and applied again afterwards: rebuild it with what it shall have.
* While our database is down, images of such a server (``createImage``, ``createBackup``, ``shelve``) are not judged.
* Where Nova itself dies between two steps of its own it may keep properties of a request that it has not recorded: a
  server that it leaves in ``scheduling`` or ``rebuilding`` for good shows none, or the former ones; its next rebuild
  puts that right.
* The ``rebuild`` of another project's server by an administrator is, after such a crash, found by ``reconcile`` only.
* Some nova-api without the filter makes servers without overrides, or, in ``/v2``, drops the key without a word:
  put it in front of all of them.
* A server that was booted from a snapshot is rescued from the image below it; the override is merged there too.

Why so
======

* **Beside the request, not in it.** Nova refuses keys that it does not know, and hands nothing of ours on; but it
  hands its request id to Glance with every call of a boot. The id is made here, fresh, with a mark that only the
  suite can make, so that a customer can neither choose nor replay one.
* **Glance answers Nova, Nova does the rest.** What the one GET of nova-api shows is what Nova checks, places, stores
  and builds by. Nothing of Nova's has to be told twice, and nothing of it is patched.
* **Judged here, not there.** To Glance an override would look like an ordinary property of an ordinary snapshot, sent
  with Nova's own roles. What a customer may not create directly would slip in.
* **Tried out before it is used.** Whether Glance's side is installed, knows the key, uses the same database and has
  Nova's user registered is seen by one more GET, through Nova, under the boot's own id. A server that silently has not
  what it was asked for is worse than none.
* **Nova's record is the proof.** Which servers a request has made stands in their actions, under Nova's own id of
  that request, and nowhere else. So nothing has to be guessed after a crash, however many servers one request made.
"""
