"""Cleaning, on real processes."""

import pytest

pytest.register_assert_rewrite("tests.cleaning.proof", "tests.cleaning.stage", "tests.cleaning.ways")
