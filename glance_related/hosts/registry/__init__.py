"""Glance's v1 registry, as it was until it was removed: images as ``{"image": {..., "properties": {}}}``.

It stands here in its pipeline without authentication, where it takes everybody for its
administrator; so what other hosts decide, the suite has to decide for it.

==========  =====================================================================
`routes`    the table of its paths; there are no others
`identity`  who is asking, from headers that a proxy in front has set
`view`      what a customer may see, change and share
`images`    its bodies, read and checked
`listing`   what a list asks for, and one page of it, found by walking
`errors`    a problem in its shape
==========  =====================================================================
"""
