"""Nova's compute API.

`errors` is a problem in Nova's shape.
"""
