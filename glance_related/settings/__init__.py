"""Options and policies: what an operator may say, and what holds where he says nothing.

`plugins` loads drivers by their names, and stops loudly where one is not there; `keys` encrypts what is secret, with a
folder of keys that change.

`options` reads ``glance-related.conf`` once, into frozen dataclasses, and stops with one sentence
where something is wrong; `policy` holds the rules that say who may do what.

Nothing is registered in the host's global configuration, and no option has two homes.
"""
