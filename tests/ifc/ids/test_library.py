"""What is used of ifctester comes without the XML tools, and the rest of it works all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
import sys
from functions.ifc.ids.audit import parse
from functions.ifc.ids.file import read_ids
from pathlib import Path
read = read_ids(Path({house!r}), name="ids")
assert not [name for name in sys.modules if name.split(".")[0] in ("xmlschema", "elementpath")]
import ifctester, elementpath, elementpath.regex
assert elementpath.XPath2Parser and elementpath.regex.translate_pattern
print(len(ifctester.open({house!r}).specifications) == len(parse(read.decoded).specifications))
"""


def test_a_usual_file_is_read_without_them_and_ifctester_still_opens_it() -> None:
    script = SCRIPT.format(house=str(ROOT / "examples" / "house.ids"))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "True", done.stderr
