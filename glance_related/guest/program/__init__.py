"""The program that runs inside a guest, ``glance-related-guest``.

======================  ========================================================================
`tools`                 files in one step, other programs, words for the log
`packages`              `Packages`: the system's own package manager
`variables`             variables for the shell
`talking`               the cloud's metadata service: asked, and told
`staying`               when it runs again: systemd's timer, or cron
`glance_related_guest`  `Guest`: what it does, and the command line
======================  ========================================================================

It is sent as one file, made of these in this order by `glance_related.guest.script`, with nothing but the standard
library of Python 3.6 on: it runs wherever a guest is, and whoever owns the guest can read what it does. So no name of
one module may be another's, and imports from one another stand at the top.
"""
