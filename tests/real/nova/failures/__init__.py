"""What fails while an unmodified Nova makes images, or servers with image properties or packages of their own.

Workers are killed, Glance errs, a database is gone, one side lacks what the other has.

All of it on the real cloud's Nova, through processes of these tests beside those of the cloud:

* `basis`: a Glance that nobody kills, and a database of ours
* `sides`: a site of which each side has a way of its own to our database; `one_sided`: one whose Glance lacks its part
* `site`: an API of Nova's and a Glance around ours, each with what kills or hinders it; the same without ours
* `told`, `crash_points`: paste filters for these tests only, which do to a request what its test has written down
* `places`, `kills`, `servers`: who is killed where, what a Nova without us is left with there, and what was
* `override_places`, `override_kills`, `overridden_servers`: the same of servers with image properties of their own
* `package_places`, `package_kills`, `packaged_servers`: the same of servers that are booted with packages
* `reconciling`, `proxy`: the command, hours later; a way to a database that can be closed
"""
