"""A problem in Glance's shape.

Glance answers with WebOb's exceptions, which choose between JSON, HTML and text by the Accept
header; so do we, by the same code. A JSON error to a client that did not ask for exactly JSON
makes glanceclient fail, and Nova with it.
"""

from glance_related.wsgi.negotiated import negotiated as render

__all__ = ["render"]
