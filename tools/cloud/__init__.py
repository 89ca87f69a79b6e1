"""A small real cloud on loopback: Keystone, Glance, Nova from PyPI; written with the standard library only.

`tools/serve` keeps one running for people, the tests start theirs, both with the parts of this package:

* `environment`: a venv with the services, their clients and the suite in it; `debian`: what no venv can hold
* `processes`: start a server with its own log, stop it by its pid, wait until it answers
* `ports`: which port is whose; `servers`: how gunicorn and pyuwsgi are told what to serve
* `secret`: passwords, made once for each installation
* `worker`: a glance-related-worker
* `keystone`, `glance`, `suite`: each writes its configuration, makes its tables, starts and stops
* `nova`: the same for a Nova, of which `nova_programs` starts the parts and `nova_config` writes the files;
  `hypervisor`: its driver, on which nothing runs; `placement`, `mariadb`, `rabbitmq`, `network`: what it needs
* `compute`: one or two Novas, each with all that it has for itself
* `accounts`: projects, users, roles, the catalogue; `images`: a small image for everybody
* `stack`: all of them together, as tools/serve shows them; `welcome`, `welcome_nova`: what it says then
* `rc`: the files that a shell reads to become alice, bob, ...
* `stage`: what a demo plays on; `rows`: a database read beside the servers
* `web`: HTTP without proxies; `progress`: what a person sees meanwhile
* `python`: refuses an interpreter that is too old (this file and that one run on any Python 3)
* `checks`: what tools/test runs; `reporting`: its part inside pytest
"""


class Trouble(Exception):
    """Something a person can mend; its text is the one sentence that says how."""
