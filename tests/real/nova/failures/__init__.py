"""What fails while an unmodified Nova makes images: workers killed, a Glance that errs, a database that is gone.

All of it on the real cloud's Nova, through processes of these tests beside those of the cloud:

* `basis`: a Glance that nobody kills, and a database of ours
* `site`: an API of Nova's and a Glance around ours, each with what kills or hinders it; the same without ours
* `told`, `crash_points`: paste filters for these tests only, which do to a request what its test has written down
* `places`, `kills`, `servers`: who is killed where, what a Nova without us is left with there, and what was
* `reconciling`, `proxy`: the command, hours later; a way to a database that can be closed
"""
