"""What is printed is whole, in any terminal and in a file."""

from __future__ import annotations

import sys

import pytest

from functions.cli.console import Output

JOB = "0123456789abcdef" * 2
PATH = "out/house-architecture/ifcconvert/house-architecture.glb and some more words about it"


def test_a_narrow_terminal_cuts_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    Output().table(("job", "status", "message"), [(JOB, "finished", PATH)])
    _, first, *more = capsys.readouterr().out.splitlines()
    assert len(more) > 1
    assert first.startswith(f"{JOB}  finished  ")
    folded = first.removeprefix(f"{JOB}  finished  ") + "".join(more)
    assert "".join(folded.split()) == "".join(PATH.split())


def test_a_file_gets_a_line_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    Output().table(("job", "message"), [(JOB, PATH * 5), (JOB, None)])
    _, first, second = capsys.readouterr().out.splitlines()
    assert first.rstrip() == f"{JOB}  {PATH * 5}"
    assert second.split() == [JOB]


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Output().table(("job", "message"), [], none="no jobs")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "no jobs\n")
