from __future__ import annotations

from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # the first call of a compiled loop may compile it
settings.load_profile("untimed")
