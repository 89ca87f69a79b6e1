"""A small real cloud on loopback: Keystone and Glance from PyPI, standard library only.

`tools/serve` keeps one running for people, the tests start theirs, both with the parts of this package:

* `environment`: a venv with Keystone, Glance, their clients and the suite in it
* `processes`: start a server with its own log, stop it by its pid, wait until it answers
* `servers`: how gunicorn and pyuwsgi are told what to serve
* `secret`: passwords, made once for each installation
* `keystone`, `glance`, `suite`: each writes its configuration, makes its tables, starts and stops
* `accounts`: projects, users, roles, the catalogue
* `stack`: all of them together, as tools/serve shows them
* `rc`: the files that a shell reads to become alice, bob, ...
* `web`: HTTP without proxies; `progress`: what a person sees meanwhile
* `python`: refuses an interpreter that is too old (this file and that one run on any Python 3)
* `checks`: what tools/test runs; `reporting`: its part inside pytest
"""


class Trouble(Exception):
    """Something a person can mend; its text is the one sentence that says how."""
