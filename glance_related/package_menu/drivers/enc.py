"""What the driver ``puppet`` and ``glance-related-enc`` have agreed on."""

#: In the environment, tells glance-related-enc to answer nothing old: whoever compiles wants to know of what is now.
FRESH = "GLANCE_RELATED_FRESH"

#: Its exit code where it reaches nobody and has nothing old either: EX_TEMPFAIL of sysexits.h.
NOT_REACHED = 75
