#!/bin/sh
# Nova's api-paste.ini on stdin, the same with instance_aware_nova in both ways into Nova on stdout.
set -eu
sed -E '/^keystone.*[ =]authtoken( |$)/ s/ keystonecontext( |$)/ instance_aware_nova keystonecontext\1/'
cat <<'END'

[filter:instance_aware_nova]
use = egg:glance_related#instance_aware_nova
END
