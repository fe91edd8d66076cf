"""The command line as a newcomer meets it, without a stack."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from functions.core.registry import operations
from tests.cli.conftest import ROOT, Done
from tests.patience import PATIENCE_S

Run = Callable[..., Done]
HOUSE = ROOT / "examples" / "house-architecture.ifc"
COMMANDS = [
    "run",
    "submit",
    "exec",
    "invoke",
    "up",
    "down",
    "ps",
    "serve",
    "synth",
    "deploy",
    "status",
    "watch",
    "jobs",
    "logs",
    "cancel",
    "requeue",
    "queues",
    "health",
    "purge",
    "poll",
    "operations",
    "docs",
    "key",
]


def test_help_names_every_command(ifcpipe: Run) -> None:
    done = ifcpipe("--help")
    assert done.code == 0
    listed = [line.split()[0] for line in done.out.partition("Commands:")[2].splitlines() if line.strip()]
    assert listed == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(ifcpipe: Run, command: str) -> None:
    done = ifcpipe(command, "--help")
    assert done.code == 0
    assert done.out.startswith("Usage: ifcpipe")


def test_help_loads_nothing_heavy() -> None:
    heavy = ("boto3", "pydantic", "httpx", "ifcopenshell", "rich.table", "aws_lambda_powertools")
    code = f"import sys, functions.cli.app; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_operations_are_listed_and_explained(ifcpipe: Run) -> None:
    listed = ifcpipe("operations", "--json").json
    assert [item["name"] for item in listed] == list(operations())
    shown = ifcpipe("operations", "ifcinfo").out
    assert "filename" in shown and "required" in shown
    assert ifcpipe("operations", "ifcinfo", "--json").json["request"]["properties"]["filename"]


def test_the_fields_of_objects_inside_are_explained_too(ifcpipe: Run) -> None:
    shown = ifcpipe("operations", "ifcclash").out
    assert "clash_sets.0.a.0.selector" in shown and "clash_sets.0.b.0.file" in shown
    assert "[number, number, number] or null" in ifcpipe("operations", "ifcconvert").out


def test_exec_runs_an_operation_on_local_files(ifcpipe: Run, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "house.ifc").write_bytes(HOUSE.read_bytes())
    done = ifcpipe("exec", "ifcinfo", '{"filename": "models/house.ifc"}', "--out", "results")
    assert done.code == 0, done.err
    (output,) = done.json["outputs"]
    content = (tmp_path / output["path"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == output["sha256"]
    assert done.json["success"] is True
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == [output["name"]]


@pytest.mark.parametrize("source", ["@request.json", "-"])
def test_a_request_may_come_from_elsewhere(ifcpipe: Run, tmp_path: Path, source: str) -> None:
    request = json.dumps({"filename": str(HOUSE)})
    (tmp_path / "request.json").write_text(request)
    done = ifcpipe("exec", "ifcinfo", source, "--out", "o", stdin=request)
    assert done.code == 0, done.err


def test_exec_writes_nothing_over_its_own_model(ifcpipe: Run, tmp_path: Path) -> None:
    (tmp_path / "house.ifc").write_bytes(HOUSE.read_bytes())
    request = {"input_filename": "house.ifc", "format": "ifc", "include": ["IfcDoor"]}
    done = ifcpipe("exec", "ifcconvert", json.dumps(request), "--out", ".")
    assert (done.code, done.json["error"]["field"]) == (1, "--out")
    assert (tmp_path / "house.ifc").read_bytes() == HOUSE.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["house.ifc"]


def test_exec_writes_nothing_over_a_folder(ifcpipe: Run, tmp_path: Path) -> None:
    (tmp_path / "o" / "house.json").mkdir(parents=True)
    request = {"filename": str(HOUSE), "output_filename": "house.json"}
    done = ifcpipe("exec", "ifcinfo", json.dumps(request), "--out", "o")
    assert (done.code, done.json["error"]["type"]) == (1, "invalid-input")


@pytest.mark.parametrize("content", [b"\xff\xfe{\x00}\x00", b"[" * 100_000, b'{"filename": NaN}', b"{"])
def test_a_request_that_is_no_json_is_told_from_it(ifcpipe: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "request.json").write_bytes(content)
    done = ifcpipe("exec", "ifcinfo", "@request.json", "--out", "o")
    assert (done.code, done.json["error"]["field"]) == (2, "JSON")
    assert "request.json" in done.json["error"]["detail"]


def test_exec_tells_a_failed_job_as_json(ifcpipe: Run, tmp_path: Path) -> None:
    (tmp_path / "a.ifc").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = ifcpipe("exec", "ifcinfo", '{"filename": "a.ifc"}', "--out", "o")
    assert done.code == 1
    assert done.json["error"]["type"] == "invalid-model"
    assert done.json["error"]["where"] == "byte 0"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("exec", "ifcinfo", "{", "--out", "o"), "not JSON"),
        (("exec", "ifcinfo", "[]", "--out", "o"), "JSON object"),
        (("exec", "ifcinfo", "@none.json", "--out", "o"), "none.json not found"),
        (("exec", "ifcinfos", "{}", "--out", "o"), "'ifcinfos' is not an operation"),
        (("exec", "ifcinfo", "{}", "--out", "o"), "filename: Field required"),
        (
            ("exec", "ifcinfo", '{"filename": "no.ifc"}', "--out", "o"),
            "filename: Input file no.ifc not found",
        ),
        (("run", "no.ifc", "--op", "ifcinfo"), "MODEL: Input file no.ifc not found"),
        (("run", str(HOUSE), "--op", "ifcinfos"), "'ifcinfos' is not an operation"),
        (("run", str(HOUSE), "--op", "ifcinfo:{"), "--op: the request of ifcinfo is not JSON"),
        (("run", str(HOUSE.parent), "--op", "ifcinfo"), "is a folder"),
        (("run", "https://example.org/a.ifc", "--op", "ifcinfo"), "https addresses are not read"),
        (("run", str(HOUSE), "--op", "ifcinfo", "ifccsv"), "every operation has its own --op"),
        (("run", str(HOUSE), "--op", "ifcinfo", "--out", str(HOUSE)), "cannot be written to"),
        (("exec", "ifcinfo", '{"filename": "s3://b/a.ifc"}', "--out", "o"), "s3 addresses are not read"),
        (("exec", "ifccsv", '{"filname": "a.ifc"}', "--out", "o"), "do you mean filename?"),
        (("serve", "--host", "256.0.0.1"), "cannot be used"),
        (("status", "j"), "ifcpipe up"),
        (("serve", "--port", "99999"), "'--port'"),
        (("key", "create", "--days", "99999999999"), "'--days'"),
        (("watch", "j", "--timeout", "inf"), "'--timeout'"),
        (("watch", "j", "--timeout", "nan"), "'--timeout'"),
        (("watch", "j", "--timeout", "-1"), "'--timeout'"),
        (("run", "x" * 5000, "--op", "ifcinfo"), "MODEL: 'xxx"),
        (("exec", "ifcinfo", json.dumps({"filename": "x" * 1000}), "--out", "o"), "File name too long"),
        (("down",), "nothing runs under the name 'local'"),
        (("down", "../x"), "is not a name"),
        (("poll", "ifcinfos"), "'ifcinfos' is not an operation"),
        (("deploy", "--stage", "local"), "ifcpipe up"),
        (("invoke", "none.json"), "none.json not found"),
        (("nothing",), "No such command"),
        (("run",), "Missing"),
    ],
)
def test_wrong_usage_is_exit_code_2_with_a_reason(
    ifcpipe: Run, arguments: tuple[str, ...], said: str
) -> None:
    done = ifcpipe(*arguments)
    assert done.code == 2, done
    assert said in done.err
    assert "Traceback" not in done.err


def test_an_error_is_json_where_that_was_asked_for(ifcpipe: Run) -> None:
    done = ifcpipe("status", "j", "--json")
    assert done.code == 2
    assert done.json["error"]["field"] == "--stack"


def test_the_version_is_told(ifcpipe: Run) -> None:
    assert ifcpipe("--version").out.startswith("ifcpipe ")


def test_short_help_is_whole(ifcpipe: Run) -> None:
    assert "..." not in ifcpipe("--help", COLUMNS="80").out.partition("Commands:")[2]


def test_nothing_runs_at_first(ifcpipe: Run) -> None:
    assert ifcpipe("ps", "--json").json == []


def test_a_deployed_pipeline_is_found_by_its_url(ifcpipe: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# where it is\nexport IFCPIPE_URL='http://127.0.0.1:9'\nIFCPIPE_KEY=k\n")
    done = ifcpipe("health")
    assert done.code == 1
    assert "http://127.0.0.1:9 cannot be reached" in done.err


def test_the_generated_pages_are_fresh(ifcpipe: Run) -> None:
    done = ifcpipe("docs", "--check", "--json")
    assert done.json == {"stale": []}
    assert done.code == 0


def interrupted(folder: Path, before: str) -> subprocess.CompletedProcess[str]:
    """Run a command that is interrupted within a text that is executed, as dataclasses are made of one."""
    (folder / "interrupted.py").write_text(
        "import signal, sys\n"
        f"signal.signal(signal.SIGINT, {before})\n"
        "from functions.__main__ import main\n"
        "from functions.core import registry\n"
        "registry.operations = lambda: exec('signal.raise_signal(signal.SIGINT)') or {}\n"
        "sys.argv = ['ifcpipe', 'operations']\n"
        "main()\n"
    )
    return subprocess.run(
        [sys.executable, "-m", "interrupted"],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=PATIENCE_S,
        check=False,
    )


def test_an_interrupt_within_a_text_that_is_executed_ends_like_any_other(tmp_path: Path) -> None:
    """Where a plain KeyboardInterrupt passes there, CPython ends `python -m` by the signal, not with 130."""
    done = interrupted(tmp_path, "signal.default_int_handler")
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_who_starts_it_with_interrupts_ignored_is_not_overruled(tmp_path: Path) -> None:
    assert interrupted(tmp_path, "signal.SIG_IGN").returncode == 0
