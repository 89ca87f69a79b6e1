"""Nova's compute API.

==========  =======================================================================
`routes`    the paths that the suite changes, in every spelling
`context`   where in Nova's pipeline a request is
`errors`    a problem in Nova's shape
`account`   Nova asked with the suite's own account, about its record of actions
==========  =======================================================================
"""
