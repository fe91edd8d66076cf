"""A real browser, headless, for tests that look at the pages we write."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",  # which a container has little of
)  # fmt: skip

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: the page is not looked at")


def browse(page: Path, profile: Path, *options: str) -> str:
    """Return the document that the browser makes of a page; `profile` is an empty folder for it."""
    last = options or ("--dump-dom",)
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", *last, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout
