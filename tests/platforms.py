"""Markers for tests that a system can't run, each with its reason. tests/structure/test_platforms.py asks for it."""

from __future__ import annotations

import sys

import pytest

_WINDOWS = sys.platform == "win32"

needs_devices = pytest.mark.skipif(_WINDOWS, reason="pipes and devices of POSIX, which are files")
needs_links = pytest.mark.skipif(_WINDOWS, reason="makes symbolic links, which Windows allows few users")
needs_modes = pytest.mark.skipif(_WINDOWS, reason="owners and modes of POSIX")
needs_names = pytest.mark.skipif(_WINDOWS, reason="file names that Windows lacks")
needs_open_files = pytest.mark.skipif(
    _WINDOWS, reason="writes to a file that is locked, or removes one that is open: Windows refuses it"
)
needs_shell = pytest.mark.skipif(_WINDOWS, reason="a script of the shell stands in for a program")
needs_signals = pytest.mark.skipif(_WINDOWS, reason="signals of POSIX")
