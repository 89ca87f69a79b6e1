"""How a guest gets what is its own: at its first boot through Nova's vendordata, later through its metadata service.

===================  ========================================================================
`vendordata_filter`  `VendordataMiddleware`, in front of Nova's API: the target that Nova asks
                     for a server's first boot, and what the suite tells of itself
`meta_filter`        `GuestMetaMiddleware`, in front of Nova's metadata service: guests ask
                     for their settings there, and report what became of them
`part`               `GuestPart`: what a system gives guests; `Guest`, `Offer`, `Report`
`opening`            what both open when their host starts
`handing`            what is handed to a guest, made of what the systems offer
`question`           what Nova asks its vendordata target, read strictly
`reported`           what a guest reports, read strictly
`script`             the script that the first boot runs
`options`            group ``[guest]``
`problems`           what the two answer where something is wrong
===================  ========================================================================

`glance_related.guest.program` is what runs inside a guest. The manuals of the two filters are
`glance_related.guest.vendordata_filter` and `glance_related.guest.meta_filter`.

**Who a guest is, Nova says.** In its question of a first boot it names the server; and whoever asks its metadata
service is who Nova's own answer to the same request says. Nothing secret lies in a guest, and a guest can lie about
itself only.

**The same rows, the same answer.** What a guest is handed is worked out when it is asked for, from what is stored: by
any worker, six times for a config drive, at the first boot and at a rebuild.

**What was not understood is asked again.** Nova makes of an answer that it does not get an empty one, and cloud-init
keeps that for good; so the program inside asks by itself, now and then, and nothing depends on the first answer.
"""
