"""The page of the package menu in real headless Chromium.

===========  =========================================================================
`site`       the page, the filter, a Nova and a Keystone of ours, under gunicorn
`cloud`      what is prepared there over HTTP, as it would be on any cloud
`menus`      two menus, of sixteen entries and of a thousand
`chromium`   a browser of a test's own
`menu_page`  the page as a person uses it: needs a URL and a person's words, nothing else
`looks`      what can be measured of a page: names, landmarks, contrast, width
===========  =========================================================================
"""
