"""The page at ``/package-menu-ui``: the menu of a project as a form.

===============  ==========================================================
`session_store`  who is logged in
===============  ==========================================================
"""
