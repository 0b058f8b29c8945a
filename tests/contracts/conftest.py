"""Property tests search as long as the profile says."""

from tests.contracts.profiles import load_profile

load_profile()
