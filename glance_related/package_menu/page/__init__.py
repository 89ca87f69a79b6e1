"""The page at ``/package-menu-ui``: the package menu in a browser.

What it does
============

Somebody logs in with his account of the cloud, and sees the servers of his project. Of each he sees the project's menu
as a form: packages as boxes, variables as fields of their type, each with what it has now and whose word that is: this
server's own, the project's, the cloud's, or a bundle's. He changes it, takes back what differs, copies another
server's, reads who changed what, and watches how far a change has come. A project's manager says what is a default of
the project, and with which value. Everything works without JavaScript, with the keyboard alone, in the dark and on a
phone; with JavaScript the menu is searched while one types, and deliveries tell their state by themselves. In ``docs``
are pictures of a server (``package-menu-server.png``), in the dark (``package-menu-dark.png``), on a phone
(``package-menu-phone.png``), and of two who change the same (``package-menu-conflict.png``).

All that the page knows it asks of the suite's own HTTP API, with the user's token and with no other right; it decides
nothing. Where the API refuses, the page says why in the API's words, at the fields that they are about, and keeps what
was typed. Two who change the same settings are shown both, and the second chooses.

Place in the pipeline
=====================

A door beside ``/v2.1`` in Nova's paste file, for ``authtoken`` refuses everybody who has no token yet::

    [composite:osapi_compute]
    ...
    /package-menu-ui: package_menu_ui

    [composite:package_menu_ui]
    use = egg:glance_related#package_menu_ui
    api = openstack_compute_api_v21

``api`` names Nova's pipeline, with the filter ``package_menu`` in it. Each question enters it at its head: with a
fresh environ, nothing of what the browser has sent, the user's own token and a fixed microversion. The page needs
Jinja2 (extra ``page``), which Nova's environment has anyway. It must be reached by TLS; a proxy in front may end it.

**Behind a proxy.** A browser's request goes past Nova's pipeline, so the door has the filter ``http_proxy_to_wsgi`` of
the same file in front of itself (``proxy_filter`` names another, empty none; it must not stand there a second time).
Whoever is in front of Nova is believed where Nova believes him, too: with ``[oslo_middleware]
enable_proxy_headers_parsing = true`` in ``nova.conf``. Without it all browsers behind a proxy have its address, and
count as one. The proxy has to say ``X-Forwarded-For`` by itself, and to take out what a client says as ``Forwarded``:
the filter would believe that first. Of several addresses in ``X-Forwarded-For`` the last counts, which is the one that
the nearest proxy has seen.

Options
=======

In ``[package_menu_ui]`` of ``glance-related.conf``: ``auth_url`` (Keystone; without it Nova's API does not start),
``region_name`` (shown beside the project), ``session_seconds`` and ``insecure_cookie``. Sessions need ``[keys] folder``
(``glance-related-manage keys setup``); until it is there nobody can log in, and the page says so. Of ``[account]`` hold
``cafile``, ``insecure`` and ``timeout``, for Keystone's certificate and how long it is waited for.

How it is kept safe
===================

* *Logging in.* Keystone is asked with the password, once; no page shows a password or any other secret. What is wrong
  is told by one sentence, whatever it is. After five failures of a user from an address each further one costs a wait,
  up to a minute, in each process; after fifty of whomever from an address within a quarter of an hour, too (of IPv6 the
  first 64 bits are an address; of names all spellings that a database takes for the same are one). A browser in which
  the user has logged in before is counted by itself, so that nobody keeps him out of it: it has a cookie for a year,
  sealed with the suite's keys, which lets nobody in. Keystone's ``lockout_failure_attempts`` counts for the cloud.
* *Sessions.* The cookie (``HttpOnly``, ``SameSite=Strict``, ``Secure``, for this path only) has 256 random bits and is
  new at every login. The database has their SHA-256, and under it the token, encrypted with the suite's keys. A
  session ends with the token, after ``session_seconds``, at the logout, and where somebody logs in anew in the same
  browser; the last two revoke the token at Keystone. Where ``authtoken`` refuses a token, its session ends at once.
* *Forms.* A form is taken only from this very site (``Sec-Fetch-Site``, else ``Origin`` or ``Referer``), with a proof
  that this session's page made it, up to ``[package_menu] max_body_bytes``, and as a plain form only.
* *What a browser may do.* The strictest policy that the page works under: scripts, styles and forms of this site
  alone, nothing written into the page, no frame around it. Text goes through Jinja2's escaping, into quoted
  attributes.
* *Compression.* What a request says is never packed together with what is private: see `rendering`.
* *Leaving.* ``Referrer-Policy`` is ``same-origin``: under ``no-referrer`` browsers would call the origin of our own
  forms ``null``.

Limits
======

* Users of whom Keystone asks more than a password (``multi_factor_auth_rules``) are told so, and cannot log in here;
  nor can those who log in elsewhere (federation).
* A secret is one line here; one of several lines is set by the API or the command line.
* An administrator's word for a single server (``state``) and the cloud's own menu are not changed here.
* Whether a user may change something, the page finds out by asking for a change that can never be made (``If-Match:
  "-"``): the log of Nova's API has such requests, answered 412 or 403, and they count as refused.
* Nova takes 112 KiB in one request (``[oslo_middleware] max_request_body_size``): more is not saved from here either.
* Who guesses from an address keeps others there waiting who log in with a browser for the first time, and so does he in
  all of the cloud where proxies are not believed (*Behind a proxy*).
* That somebody has replaced a secret by another is not seen by whoever replaces it at the same time.

The house
=========

===============  ====================================================================
`door`           which path is which page, and what nobody gets past; the factory
`login_view`     in and out
`server_view`    servers, and what one of them has
`project_view`   what a project makes of the menu
`api`            what is asked of the HTTP API
`forms`          what fields say, read into what the API takes; pure
`described`      what the page says of entries; pure
`telling`        what it says of deliveries, of the history, of two who differ; pure
`sessions`       who is logged in, and the proof that a form was ours
`session_store`  the same, in the database
`throttle`       passwords are not guessed quickly
`known`          who tries to log in, before Keystone is asked: name, address, browser
`rendering`      templates, style sheet and script, as browsers get them
`visit`          one request, and how it is answered
===============  ====================================================================
"""
