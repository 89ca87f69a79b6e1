#!/bin/sh
# Nova's api-paste.ini on stdin, the same with our two filters in both ways into Nova on stdout.
set -eu
sed -E '/^keystone.*[ =]authtoken( |$)/ s/ keystonecontext( |$)/ instance_aware_nova props_override_nova keystonecontext\1/'
cat <<'END'

[filter:instance_aware_nova]
use = egg:glance_related#instance_aware_nova

[filter:props_override_nova]
use = egg:glance_related#props_override_nova
END
