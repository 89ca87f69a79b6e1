"""Shipped for tests: fakes of the hosts, a reference v1 registry, and the suites that drivers must pass."""
