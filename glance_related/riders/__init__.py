"""What rides on a request to Nova and must come out at Glance.

============  =========================================================================
`mark`        `Marks`: request ids that only this suite can make
`rider`       `Rider`: what is kept, and how a request to Nova gets its marked id
`store`       `RiderStore`: riders kept under that id until Glance has been asked
`tracing`     `Tracing`: for which servers an open rider was, by whoever looks at one
`settling`    `Settling`: the same for all of them, by ``reconcile``
`options`     the mark's keys, and how long a rider is believed
`keys`        with which keys each side has started, for ``config check``
============  =========================================================================

A filter in front of Nova writes a rider *before* Nova sees the request, under a fresh request id that carries
a keyed mark, and lets Nova use that id: Nova hands it to Glance with every call that it makes for this
request, and there a filter in front of Glance reads the rider again. The id is never the client's, so nobody
can replay it; Glance's side knows an id of ours by its mark, without a question to the database, so that what
carries no rider costs nothing.

A rider is believed only together with the caller that it was written for, and only from a service user that
is registered for the same Nova installation.
"""
