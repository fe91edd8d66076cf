"""Builds the stages of the Dockerfile into folders, without Docker and for the interpreter at hand.

It reads the real file and carries its instructions out: COPY as it says (through .dockerignore), `RUN python`
with this interpreter. So what stands in the image is tested, and a wrong line of the file fails.
Base images are empty folders: the interpreter and awslambdaric are what they would bring along.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "layers" / "ifcopenshell" / "Dockerfile"
FOLDERS = ("/build", "/packages", "/code")  # what RUN instructions name
VARIABLES = {"LAMBDA_TASK_ROOT": "/var/task"}


@dataclass
class Stage:
    """One stage: what it starts from, its instructions, and what they set."""

    base: str
    instructions: list[tuple[str, str]]
    root: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    user: str = "root"


def read(path: Path = DOCKERFILE) -> tuple[dict[str, str], dict[str, Stage]]:
    """Return the global arguments with their defaults, and the stages by name."""
    text = re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    arguments: dict[str, str] = {}
    stages: dict[str, Stage] = {}
    current: Stage | None = None
    for line in filter(None, map(str.strip, text.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "ARG":
            name, _, value = rest.partition("=")
            arguments[name] = value
        elif word == "FROM":
            base, _, name = rest.partition(" AS ")
            current = stages.setdefault(name, Stage(base, []))
        else:
            assert current is not None, line
            current.instructions.append((word, rest.strip()))
    return arguments, stages


class Builder:
    """Builds stages below a folder, each once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.arguments, self.stages = read()

    def build(self, name: str) -> Stage:
        """Build a stage and what it needs."""
        stage = self.stages[name]
        if stage.root is None:
            stage.root = self.folder / name
            stage.root.mkdir()
            if stage.base in self.stages:
                base = self.build(stage.base).root
                assert base is not None
                _link(base, stage.root)
            for word, rest in stage.instructions:
                getattr(self, f"_{word.lower()}")(stage, rest)
        return stage

    def _copy(self, stage: Stage, rest: str) -> None:
        *options, source, target = rest.split()
        assert stage.root is not None
        goal = _inside(stage.root, _expand(target))
        if options:
            (origin,) = (option.removeprefix("--from=") for option in options)
            root = self.build(origin).root
            assert root is not None
            _link(_inside(root, source), goal)
            return
        for path in _files(ROOT / source):
            place = goal / path.relative_to(ROOT / source) if (ROOT / source).is_dir() else goal
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)

    def _run(self, stage: Stage, rest: str) -> None:
        words = shlex.split(rest)
        if words[0] != "python3":
            assert words[0] == "useradd", rest  # the only thing done to a base image
            return
        assert stage.root is not None
        command = [_place(stage.root, word) for word in words[1:] if word != "--no-cache-dir"]
        subprocess.run([sys.executable, *command], check=True, cwd=self.folder, capture_output=True)

    def _env(self, stage: Stage, rest: str) -> None:
        for word in rest.split():
            name, _, value = word.partition("=")
            stage.environment[name] = value

    def _user(self, stage: Stage, rest: str) -> None:
        stage.user = rest

    def _workdir(self, stage: Stage, rest: str) -> None:
        assert stage.root is not None
        _inside(stage.root, rest).mkdir(parents=True, exist_ok=True)

    def _cmd(self, stage: Stage, rest: str) -> None:
        stage.command = json.loads(rest)

    def _entrypoint(self, stage: Stage, rest: str) -> None:
        stage.entrypoint = json.loads(rest)


def _expand(text: str) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda match: VARIABLES[match.group(1)], text)


def _inside(root: Path, path: str) -> Path:
    return root / path.removeprefix("/")


def _place(root: Path, word: str) -> str:
    return str(_inside(root, word)) if word.startswith(FOLDERS) else word


def _link(source: Path, target: Path) -> None:
    """Copy a tree by hard links: instructions only add files and remove names."""
    for path in source.rglob("*"):
        if path.is_file():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, place)


def _files(source: Path) -> list[Path]:
    """Return the files of the build context at or below a path, as .dockerignore leaves them."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    found = [source] if source.is_file() else sorted(source.rglob("*"))
    return [path for path in found if path.is_file() and not _ignored(path.relative_to(ROOT), patterns)]


def _ignored(path: Path, patterns: list[str]) -> bool:
    """The last pattern that fits the path or a folder above it decides."""
    ignored = False
    for line in patterns:
        if _fits(path, line.removeprefix("!")):
            ignored = not line.startswith("!")
    return ignored


def _fits(path: Path, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return any(fnmatch(part, pattern.removeprefix("**/")) for part in path.parts)
    return any(fnmatch(name.as_posix(), pattern) for name in (path, *path.parents[:-1]))
