from __future__ import annotations

from typing import Any

import pytest

from infra.cdk.options import Flavour, Options


def test_the_context_says_what_is_deployed() -> None:
    context: dict[str, Any] = {
        "stage": "prod",
        "flavour": "local",
        "jwt_audience": "a, b",
        "output_days": "30",
    }
    options = Options.from_context(context.get)
    assert options == Options(stage="prod", flavour=Flavour.LOCAL, jwt_audience=("a", "b"), output_days=30)
    assert options.stack == "ifcpipe-prod"


def test_data_lasts_everywhere_but_in_dev_and_locally() -> None:
    assert Options(stage="prod").lasting
    assert not Options(stage="dev").lasting
    assert not Options(stage="prod", flavour=Flavour.LOCAL).lasting


@pytest.mark.parametrize("stage", ["", "Prod", "a-b", "1st", "x" * 17, "myuploads"])
def test_a_stage_that_cannot_be_part_of_a_name_is_refused(stage: str) -> None:
    with pytest.raises(ValueError, match="is not a stage"):
        Options(stage=stage)
