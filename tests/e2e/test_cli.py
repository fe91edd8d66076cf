"""The command line against a stack of its own: run, up, submit, watch, down; nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from functions.local import guard, state, worker
from functions.local.stack import Stack
from tests.e2e.conftest import ROOT, command_of, distinct
from tests.patience import PATIENCE_S, until


@dataclass(frozen=True)
class Place:
    """A folder that commands run in, with a temporary folder of its own to look into afterwards."""

    folder: Path
    temporary: Path

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("IFCPIPE", "AWS"))}
        return subprocess.Popen(
            [sys.executable, "-m", "functions", *arguments],
            cwd=self.folder,
            env={**clean, "TMPDIR": str(self.temporary), "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == code, (out, err)
        return out

    def leftovers(self) -> list[str]:
        """What is still in the temporary folder."""
        return sorted(path.name for path in self.temporary.iterdir())


@pytest.fixture
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as name:
        place = Place(Path(name) / "work", Path(name) / "tmp")
        place.folder.mkdir()
        place.temporary.mkdir()
        yield place


def test_run_sends_a_model_through_a_stack_of_its_own(place: Place, house: Path) -> None:
    bad = place.folder / "bad.ifc"
    bad.write_text("no model")
    arguments = (
        "run",
        str(house),
        "bad.ifc",
        "--op",
        "ifcinfo",
        "--op",
        'ifccsv:{"format": "csv"}',
        "--json",
    )
    rows = json.loads(place.run(*arguments, code=1))
    assert [(row["label"], row["status"]) for row in rows] == [
        ("house-architecture ifcinfo", "finished"),
        ("house-architecture ifccsv", "finished"),
        ("bad ifcinfo", "failed"),
        ("bad ifccsv", "failed"),
    ]
    for row in rows[:2]:
        assert all((place.folder / file).stat().st_size for file in row["files"])
    assert rows[0]["files"][0].startswith("out/house-architecture/ifcinfo/")
    assert place.leftovers() == []
    assert not (place.folder / ".ifcpipe").exists()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_an_interrupted_run_leaves_nothing(
    place: Place, house: Path, number: signal.Signals, code: int
) -> None:
    process = place.start("run", str(house), "--op", "ifcinfo")
    until(lambda: [pid for pid in guard.descendants(process.pid) if worker.MODULE in command_of(pid)])
    everything = guard.descendants(process.pid)
    process.send_signal(number)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code
    until(lambda: not [pid for pid in everything if guard.alive(pid)])
    until(lambda: place.leftovers() == [])


def test_a_stack_in_the_background(place: Place) -> None:
    stack = json.loads(place.run("up", "--detach", "--json"))
    try:
        assert [record["name"] for record in json.loads(place.run("ps", "--json"))] == ["local"]
        assert place.run("up", code=2) == ""
        assert json.loads(place.run("health", "--json"))["status"] == "healthy"
    finally:
        place.run("down")
    until(lambda: not guard.alive(stack["pid"]))
    assert place.leftovers() == []
    assert json.loads(place.run("ps", "--json")) == []


def test_every_command_works_on_a_stack_that_runs(place: Place, house: Path, stack: Stack) -> None:
    """The stack of all these tests, as if it had been started in this folder."""
    state.write(stack.record("local"), place.folder / state.FOLDER)

    def said(*arguments: str, code: int = 0) -> Any:
        return json.loads(place.run(*arguments, "--json", code=code))

    model = place.folder / "a house.ifc"
    model.write_bytes(distinct(house.read_bytes(), "command line"))
    request = json.dumps({"filename": "a house.ifc"})
    done = said("submit", "ifcinfo", request, "--wait", "--download", "results")
    assert done["status"] == "finished"
    assert [(place.folder / file).is_file() for file in done["files"]] == [True]
    job = done["job_id"]
    assert said("status", job)["status"] == "finished"
    assert [item["status"] for item in said("watch", job)] == ["finished"]
    assert job in [item["job_id"] for item in said("jobs", "--operation", "ifcinfo")]
    lines = [json.loads(line) for line in until(lambda: place.run("logs", job)).splitlines()]
    assert {line["job_id"] for line in lines} == {job}
    assert {"job started", "job finished"} <= {line["message"] for line in lines}
    assert said("cancel", job, code=2)["error"]["type"] == "conflict"
    assert said("submit", "ifcinfo", '{"filename": "none.ifc"}', code=2)["error"]["field"] == "filename"
    (place.folder / "bad.ifc").write_text("no model")
    failed = said("submit", "ifcinfo", '{"filename": "bad.ifc"}', "--wait", code=1)
    assert said("status", failed["job_id"], code=1)["error"]
    assert said("requeue", failed["job_id"])["status"] == "queued"
    assert said("watch", failed["job_id"], code=1)[0]["status"] == "failed"
    assert said("purge", "ifcinfo") == {"operation": "ifcinfo", "cancelled": []}
    assert "ifcinfo" in [item["operation"] for item in said("queues")]
    _keys(said)
    assert said("invoke", str(ROOT / "events" / "api-health.json"))["statusCode"] == 200
    worker = said("poll", "ifcinfo", "--detach", "--name", "second")
    until(lambda: {record["name"]: record["uptime"] for record in said("ps")}["second"] is not None)
    said("down", "second")
    assert not guard.alive(worker["pid"])
    assert place.leftovers() == []


def _keys(said: Any) -> None:
    """Make a key, see it, revoke it."""
    token = said("key", "create", "--tenant", "second", "--scope", "read", "--days", "1")["key"]
    (key,) = [item for item in said("key", "list") if item["tenant"] == "second"]
    assert key["key_id"] in token
    assert token.rpartition("_")[2] not in json.dumps(key)
    said("key", "revoke", key["key_id"])
    assert "second" not in [item["tenant"] for item in said("key", "list")]
