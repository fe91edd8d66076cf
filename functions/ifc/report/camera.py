"""Cameras of viewpoints: where to look from, so that a box fills the view."""

from __future__ import annotations

import math
from collections.abc import Sequence

from functions.ifc.report.bcf import Camera

FROM = (1.0, -1.0, 0.8)  # from the south-east and above, as seen from the middle of the box
HALF_VIEW = math.radians(30)  # the field of view in viewpoints is 60 degrees
MARGIN = 1.3
NEAREST_M = 2.0


def frame(low: Sequence[float], high: Sequence[float]) -> Camera:
    """Return a camera that has a box in view: its lowest and its highest corner, in metres."""
    radius = math.dist(low, high) / 2
    distance = max(radius * MARGIN / math.sin(HALF_VIEW), NEAREST_M)
    length = math.hypot(*FROM)
    x, y, z = (value / length for value in FROM)
    middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    eye = (middle[0] + x * distance, middle[1] + y * distance, middle[2] + z * distance)
    return Camera(eye=eye, direction=(-x, -y, -z))
