"""Bodies with known volumes and depths."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import trimesh

from functions.ifc.clash.form import Body, Form


def body(mesh: Any, placement: Any = None) -> Body:
    """Return a mesh of trimesh as a body."""
    form = Form(np.asarray(mesh.vertices, float), np.asarray(mesh.faces))
    return Body(form, np.eye(4) if placement is None else np.asarray(placement, float))


def box(low: Any, high: Any, placement: Any = None) -> Body:
    """Return a box between two corners."""
    return body(trimesh.creation.box(bounds=[low, high]), placement)


def move(x: float, y: float, z: float, angle: float = 0.0, axis: Any = (0, 0, 1)) -> Any:
    """Return a placement: turned around an axis, then moved."""
    turn: Any = trimesh.transformations.rotation_matrix
    matrix = turn(angle, axis)
    matrix[:3, 3] = x, y, z
    return matrix


def blocks(grid: Any, empty: set[tuple[int, int, int]]) -> Body:
    """Return the cells between the planes of a grid as one body, without the empty ones."""
    counts = [len(planes) - 1 for planes in grid]

    def is_full(cell: Any) -> bool:
        return all(0 <= cell[k] < counts[k] for k in range(3)) and tuple(cell) not in empty

    points: list[list[float]] = []
    faces: list[list[int]] = []
    for cell, axis, side in product(product(*map(range, counts)), range(3), (0, 1)):
        beside = [cell[k] + (2 * side - 1) * (k == axis) for k in range(3)]
        if not is_full(cell) or is_full(beside):
            continue
        u, v = (axis + 1) % 3, (axis + 2) % 3
        ring = []
        for along, up in ((0, 0), (1, 0), (1, 1), (0, 1)):
            point = [0.0, 0.0, 0.0]
            point[axis] = grid[axis][cell[axis] + side]
            point[u], point[v] = grid[u][cell[u] + along], grid[v][cell[v] + up]
            ring.append(point)
        start = len(points)
        points += ring if side else ring[::-1]
        faces += [[start, start + 1, start + 2], [start, start + 2, start + 3]]
    return Body(Form(np.array(points), np.array(faces)), np.eye(4))


def wall_with_hole() -> Body:
    """Return a wall of 5 x 3 x 0.2 metres, lying, with a hole between 1 and 2 in x and y."""
    return blocks([[0, 1, 2, 5], [0, 1, 2, 3], [0, 0.2]], {(1, 1, 0)})


def sheet(low: Any, high: Any) -> Body:
    """Return a horizontal rectangle, which has no inside."""
    (a, b, c), (d, e, _) = low, high
    points = np.array([[a, b, c], [d, b, c], [d, e, c], [a, e, c]], float)
    return Body(Form(points, np.array([[0, 1, 2], [0, 2, 3]])), np.eye(4))
