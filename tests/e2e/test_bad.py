"""Every malformed file of the corpus, uploaded like any other: a typed failure or a result, and no delay."""

from __future__ import annotations

import json
import time
from pathlib import Path

from functions.client import Client
from functions.core.errors import BY_SLUG, InputError
from functions.local import guard
from functions.local.stack import Stack
from tests.e2e.conftest import distinct
from tests.patience import PATIENCE_S

SUFFIXES = {".ifc", ".ifczip"}
PROMPT_S = 20.0


def test_every_bad_file_ends_clearly_and_delays_nobody(
    client: Client, corpus: Path, house: Path, tmp_path: Path, stack: Stack
) -> None:
    verdicts = {item["file"]: item["expect"] for item in _manifest(corpus)}

    def good(name: str) -> float:
        """Return how many seconds a good model takes."""
        model = tmp_path / "house.ifc"
        model.write_bytes(distinct(house.read_bytes(), name))
        sent = time.monotonic()
        job_id = client.upload(model, [{"operation": "ifccsv"}]).jobs[0]["job_id"]
        assert client.wait([job_id], timeout=PATIENCE_S)[job_id]["status"] == "finished"
        return time.monotonic() - sent

    alone = good("before the bad ones")
    jobs: dict[str, str] = {}
    refused: dict[str, InputError] = {}
    for path in sorted((corpus / "bad").iterdir()):
        if path.name in {"manifest.json", "s3_keys.json"}:
            continue
        try:
            upload = client.upload(path, [{"operation": "ifcinfo"}])
        except InputError as error:
            refused[path.name] = error
            continue
        jobs[path.name] = upload.jobs[0]["job_id"]
    assert set(refused) == {name for name in verdicts if Path(name).suffix not in SUFFIXES}

    assert good("beside the bad ones") < max(PROMPT_S, 10 * alone)

    ended = client.wait(jobs.values(), timeout=PATIENCE_S)
    for name, job_id in jobs.items():
        status = ended[job_id]
        if verdicts[name] == "reject":
            assert status["status"] == "failed", name
        if verdicts[name] == "accept":
            assert status["status"] == "finished", (name, status["error"])
        if status["status"] == "failed":
            problem = client.job(job_id)["problem"]
            assert problem["type"] in BY_SLUG, name
            assert problem["type"] != "internal", (name, problem)
            assert "/tmp" not in problem["detail"], name
    assert guard.alive(stack.emulator.pid)
    assert client.health()["status"] == "healthy"


def _manifest(corpus: Path) -> list[dict[str, str]]:
    found = json.loads((corpus / "bad" / "manifest.json").read_text())
    return [item if isinstance(item, dict) else {"file": item} for item in found]
