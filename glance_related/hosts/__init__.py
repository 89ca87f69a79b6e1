"""What the suite knows of the services it stands in front of.

One package per host: its routes in every spelling, its way of saying no, and what must be known
to rewrite its requests and replies without anyone noticing. `account` is the suite's own
keystoneauth session, for what is asked outside any request; `login` is how people log in at Keystone;
`former_vendordata` is what Nova's vendordata target was before the suite took its place.
"""
