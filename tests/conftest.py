"""What holds for every test."""

from __future__ import annotations

import hypothesis

# A test machine may be slow and busy: what is checked here is truth, never time.
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("suite")
