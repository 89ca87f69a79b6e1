"""For programs that know which server an image is of: openstacksdk's images, with the tuple supplied.

What it does
============

`InstanceAwareImageService` stands for one Nova at a Glance that `glance_related.instance_aware` is in front of::

    import openstack
    from glance_related.client import InstanceAwareImageService

    service = InstanceAwareImageService(openstack.connect(), nova_installation_uuid)
    image = service.create_image("monday", instance_id=server.id, filename="/backups/monday.qcow2")
    for image in service.images(instance_id=server.id, sort="created_at:desc"):
        print(image.name, image.properties["instance_id"])

Its images are openstacksdk's own ``Image`` objects; with the connection that it was made of, everything else is
done as ever. It needs openstacksdk, which is an extra: ``pip install 'glance_related[client]'``.

`image_service` is the module; nothing else of the suite imports it, and it imports nothing of the servers' side.

Who may use it
==============

Whom the manual of `glance_related.instance_aware` lets set a tuple: an administrator, or a trusted program, which is a
user with the role ``service`` whom ``installation add`` has registered for this Nova as one. Everybody may list and
look; a customer finds the images that Glance shows him.

Requests it makes
=================

``create_image(name, instance_id, **attrs)``
    openstacksdk's own ``create_image`` with the tuple in it: ``POST /v2/images``, and the data where there is some.
    It never takes an image that is called the same for the one to be made, as openstacksdk does if it is not told:
    two servers' backups may well be called ``monday``.
``images(instance_id=None, **query)``
    ``GET /v2/images``, page by page: the images of one instance, or of all of this Nova's. Any property may be
    filtered by: ``images(server.id, image_type="backup")``.
``images_of_customer(project, **query)``
    ``GET /v2/images`` with ``?customer=``: what a member of that project would see; with ``instance_id`` of one
    instance.
``get_image(image)``, ``instance_of(image)``
    ``GET /v2/images/{image_id}``: the image, and the `glance_related.instance_ref.InstanceRef` that it came from.
``update_image(image, *, instance_id=..., remove=(), **attrs)``
    One ``PATCH /v2/images/{image_id}``. ``instance_id`` binds the image, ``instance_id=None`` unbinds it; left out,
    the tuple stays. Only what is named is changed, and only what ``remove`` names is removed; openstacksdk's
    ``update_image(properties=...)`` takes off every property that is left out, the tuple with them.
``delete_image(image)``
    ``DELETE /v2/images/{image_id}``.

Problems
========

=========================================  ========================================================================
``openstack.exceptions.SDKException``      what Glance and the filter answer, with their sentence in it, as
                                           ``ForbiddenException`` to a program that is not registered
`NotBound`                                 an image was made, and is not bound: no filter is in front of that Glance
``ValueError``                             what would be refused anyway: no UUID, an instance id that is empty or too
                                           long, the tuple among other attributes
=========================================  ========================================================================

Try it
======

With ``tools/serve`` running, in a second shell in the same folder::

    . var/rc-scheduler
    var/venv/bin/python -W ignore -c 'if True:
        import os, openstack
        from glance_related.client import InstanceAwareImageService
        service = InstanceAwareImageService(openstack.connect(), os.environ["NOVA_INSTALLATION_UUID"])
        image = service.create_image("monday", instance_id="web-1")
        print([one.name for one in service.images("web-1")], service.instance_of(image).instance_id)
        service.delete_image(image)'

Limits
======

* A Glance without the filter stores the two names as any property, and then nothing tells it from one with it: ask
  ``GET /v2/glance-related`` where that is in doubt.
* ``?customer=`` is an ordinary filter of Glance's, which matches nothing, to whom policy
  ``instance_aware:list_customer`` does not allow it.
* Glance's old tasks (``image_api_use_tasks`` in ``clouds.yaml``) make images past every filter, and are refused here.
* openstacksdk takes a ``name`` that is the path of a file for that file, as ever.

Why so
======

* **One place for the pair.** A program that builds the tuple itself has to do it at every call, in both spellings, and
  finds out that it forgot when a list is empty.
* **A patch, not a picture.** A service that reads an image, changes it and writes all of it back undoes what others
  have changed meanwhile.
"""

from glance_related.client.image_service import KEEP, InstanceAwareImageService, NotBound

__all__ = ["KEEP", "InstanceAwareImageService", "NotBound"]
