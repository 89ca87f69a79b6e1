"""Nova's compute API, and its metadata service.

==================  ===============================================================
`routes`            the paths that the suite changes, in every spelling
`requests`          what every filter does with a request before it judges it
`boots`             what a request says of the servers that it makes
`context`           where in Nova's pipeline a request is
`servers`           servers and images, asked as the caller of a request
`record`            its record of actions, asked with a reader's right in a customer's name
`image_properties`  which properties of images Nova knows, and which values it takes
`property_values`   a value, read as Nova would read it
`image_meta`        Nova's own class of image properties, read as ours
`errors`            a problem in Nova's shape
`account`           Nova asked with the suite's own account, about its record of actions
==================  ===============================================================
"""
