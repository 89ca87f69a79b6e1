"""The outbox: what must reach a guest or a configuration system, kept until it has.

===============  ========================================================================
`delivery`       `Delivery`: one thing for one receiver, and how far it has come; what a
                 receiver can say
`store`          `DeliveryStore`: the outbox in the database, claimed by compare-and-swap
`outcome_store`  what becomes of it, as it is recorded
`known_store`    what there is of it for many servers
`wish_store`     `wish`: what is wished for, in the transaction of the change it comes from
`fanouts`        `FanoutStore`: changes that reach many servers, made deliveries page by
                 page
`worker`         `Worker`: claims, hands over, records the answer, and waits where it must
`aside`          `Aside`: what a worker sees to in a thread of its own
`signs`          `SignsOfLife`: where a worker is at work, and when it last was
`lane`           `Lane`: the worker's way to one receiver: how much at once, and pauses
`options`        patience, concurrency, leases
===============  ========================================================================

A change and its delivery are one transaction: whoever changes something calls `wish` in it. What is delivered
is not kept here but read anew when it is handed over, so a later change takes the place of an earlier one that has
not gone out yet; there is one row for each receiver and thing, and never two workers at the same row. So what reaches
one receiver comes in order.

*Pushed* deliveries go ``pending`` -> ``delivering`` -> ``delivered`` or ``failed``; *pulled* ones, which a guest
fetches by itself, ``offered`` -> ``read`` -> ``confirmed`` or ``failed``. At least once: a worker may die between
handing over and recording, so a receiver must not mind hearing a thing twice. A worker that has lost its claim, having
slept too long, may have overwritten something newer: what it handed over is sent again. What ten workers in a row
were lost with is given up, as ``failed``: it may be what has ended them, and of such a worker takes one at a time.
"""
