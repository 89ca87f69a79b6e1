"""The only code of the suite that knows WSGI.

=============  ======================================================================
`filter`       `Filter`: a table of routes; what is not ours goes to the wrapped
               application untouched, what is ours goes to its handler, and a
               `Problem` becomes a reply in the host's shape
`reply`        `Reply`: what the wrapped application answered, whole
`body`         reading and writing JSON bodies, with every guard in one place
`query`        the query string, read exactly as the hosts read it
`upstream`     `Upstream`: asking the wrapped service something of our own
`caller`       `Caller`: who is asking, read once from verified headers
`conditions`   entity tags: two who edit the same thing do not overwrite each other
`application`  what an application of our own needs, that is opened in a browser
`pages`        a list in pages, with filters and a link to the next
`negotiated`   a `Problem` as JSON, HTML or text, by the Accept header
=============  ======================================================================

Three traps of the hosts are closed here, once: a filter that matches less than its host
matches (slashes, ``_method``), one that reads less than its host reads (chunked bodies), and
one that believes Content-Type.
"""
