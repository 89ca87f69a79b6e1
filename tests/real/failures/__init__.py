"""What fails: workers killed in the middle, databases that hang, a Glance that errs, a filter that errs.

All of it on real processes. Beside the tests:

* `site`: a Glance (or several) with a suite database of its own, on the Keystone that all tests share
* `crash_filter`, `fault_filter`: paste filters for these tests only; they live in Glance's workers, around ours
* `stories`, `kills`, `report`: who is killed when, what may be true afterwards, and what was
"""
