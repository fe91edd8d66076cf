"""Results: whatever a run says, a record can hold it."""

from __future__ import annotations

from typing import Any

from functions.aws.records import MAX_RESULT_BYTES, result_attribute
from functions.core.job import Output
from functions.ifc.local import Execution
from functions.worker.report import make_result
from tests.aws.stack import make_job
from tests.worker import echo


def report(*, warnings: tuple[str, ...] = (), message: str = "done", **statistics: Any) -> dict[str, Any]:
    execution = Execution(
        result={"success": True, "message": message, "statistics": statistics, "warnings": list(warnings)},
        outputs=(),
        statistics=statistics,
        warnings=warnings,
        cpu_s=1.0,
        wall_s=1.0,
        peak_bytes=1,
        robust=False,
        tools={},
        output_tail="",
    )
    job = make_job(request={"file": "x" * 60_000})
    output = Output(name="a.ifc", key="jobs/1/a.ifc", size=1, sha256="0" * 64, content_type="x")
    return make_result(
        job, echo.operation, execution, inputs=[], outputs=[output] * 50, bucket="output", seconds=1.0
    )


def test_few_short_warnings_are_all_kept() -> None:
    assert report(warnings=("one", "two"))["warnings"] == ["one", "two"]


def test_the_longest_warnings_in_any_script_fit_into_a_record() -> None:
    result = report(
        warnings=tuple(f"{number} " + "壁" * 1_990 for number in range(500)),
        message="柱" * 100_000,
        long="x" * 39_000,
    )
    assert len(result_attribute(result)["S"]) <= MAX_RESULT_BYTES
    assert result["statistics"] == {"long": "x" * 39_000}
    assert result["warnings"][0].startswith("0 壁")
    assert result["warnings"][-1] == "498 more warnings were left out."
