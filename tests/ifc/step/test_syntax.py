"""The syntax check: what is whole, what is not, and where it breaks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import ModelError
from functions.ifc.step import syntax

Step = Callable[..., Path]
HEAD = b"ISO-10303-21;HEADER;FILE_DESCRIPTION(('a'),'2;1');FILE_NAME('','',(''),(''),'','','');"
SCHEMA = b"FILE_SCHEMA(('IFC4'));ENDSEC;DATA;"
FOOT = b"ENDSEC;END-ISO-10303-21;"


@pytest.fixture(params=[1 << 22, 40, 1])
def chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Every test also with chunks so small that all tokens lie on a border."""
    monkeypatch.setattr(syntax, "CHUNK_BYTES", request.param)
    yield request.param


def refused(path: Path) -> tuple[str, str | None]:
    with pytest.raises(ModelError) as caught:
        syntax.scan(path.read_bytes())
    return caught.value.message, caught.value.where


@pytest.mark.parametrize(
    ("body", "instances"),
    [
        ("", 0),
        ("#2=IFCA('(',';','=','it''s','/* no comment','*/');\n", 1),
        ("/* it's #3=IFCB(( */#2=IFCA();/**/\n", 1),
        ("/* a\nlong\ncomment; with ' all ( sorts */\n" * 3 + "#2=IFCA((1,2),((3.),(4.)),$);\n", 1),
        ("#2 =\n IFCA\n (\n)\n ;\n#3=(IFCA()IFCB());\r\n", 2),
        ("#2=IFCA('a\nb');#3=IFCA(\"0F\",.T.,*,#2,IFCLABEL('x'));", 2),
        ("#2=IFCA('ENDSEC;','DATA;');/* ENDSEC; */\n", 1),
        ("#2=IFCA('/*');\n#3=IFCB();\n#4=IFCA('*/');\n", 3),
    ],
)
@pytest.mark.usefixtures("chunks")
def test_whole_files_pass_and_their_instances_are_counted(step: Step, body: str, instances: int) -> None:
    found = syntax.scan(step(body).read_bytes())
    assert found.instances == instances + 1
    assert found.header.schemas == ("IFC4",)
    assert found.ascii


@pytest.mark.parametrize(
    ("body", "words", "line"),
    [
        ("#2=IFCA('x);\n#3=IFCA();\n", "a string is not closed", 9),
        ("#2=IFCA();\n/* #3=IFCA();\n", "a comment is not closed", 10),
        ("#2=IFCA();\n#3=IFCA((1);\n#4=IFCA();\n", "parentheses are unbalanced", 10),
        ("#2=IFCA(1));\n", "parentheses are unbalanced", 9),
        ("#2=IFCA();\n#3=IFCA(" + "(" * 100_000 + ")" * 100_000 + ");\n", "nested deeper than 32", 10),
        ("garbage;\n", "'garbage' is no instance", 9),
        ("#2=IFCA()\n#3=IFCA();\n", "a semicolon is missing", 9),
        ("#2=IFCA();\n;\n", "is no instance", 10),
        ("#2=IFCA();\n\xfc#3=IFCA();\n", "the byte 0xC3 stands outside a string", 10),
        ("ENDSEC;\nDATA;\n#2=IFCA();\n", "more than one DATA section", None),
    ],
)
@pytest.mark.usefixtures("chunks")
def test_broken_files_are_refused_with_the_line(step: Step, body: str, words: str, line: int | None) -> None:
    message, where = refused(step(body))
    assert re.search(words, message)
    assert line is None or where == f"line {line}"


@pytest.mark.parametrize(
    ("foot", "words"),
    [
        ("", "ends before the ENDSEC"),
        ("#2=IFCA(1,", "ends before the ENDSEC"),
        ("#2=IFCA('half", "a string is not closed"),
        ("ENDSEC", "END-ISO-10303-21; is missing"),
        ("ENDSEC;\n", "END-ISO-10303-21; is missing"),
        ("ENDSEC;\nEND-ISO-10303-2", "stands where END-ISO-10303-21; should"),
        ("ENDSEC;\nEND-ISO-10303-21", "something follows|should|missing"),
        ("ENDSEC;\nEND-ISO-10303-21;\nISO-10303-21;\n", "something follows"),
    ],
)
@pytest.mark.usefixtures("chunks")
def test_files_that_do_not_end_well_are_refused(step: Step, foot: str, words: str) -> None:
    message, where = refused(step(foot=foot))
    assert re.search(words, message)
    assert where is not None


@pytest.mark.usefixtures("chunks")
def test_every_truncation_of_a_file_is_refused(step: Step) -> None:
    whole = step("/* it's */ #2=IFCA('x''y',(1.,2.));\n").read_bytes()
    end = whole.index(b"END-ISO-10303-21;") + len(b"END-ISO-10303-21;")
    for size in range(end):
        with pytest.raises(ModelError):
            syntax.scan(whole[:size])
    assert syntax.scan(whole[:end]).instances == 2


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("ISO-10303-21;\nDATA;\n", "HEADER is missing: DATA stands"),
        ("ISO-10303-21;\nHEADER;\nFILE_NAME('');\n", "FILE_DESCRIPTION is missing"),
        ("ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1';\nFILE_NAME('');\n", "not balanced"),
        ("ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION(('),'2;1');\n", "is missing|not closed|not balanced"),
    ],
)
def test_broken_headers_are_refused(step: Step, head: str, words: str) -> None:
    message, where = refused(step(head=head))
    assert re.search(words, message)
    assert where is not None


def test_raw_bytes_in_strings_are_noticed(step: Step) -> None:
    assert not syntax.scan(step(b"#2=IFCA('\xfc');\n").read_bytes()).ascii
    assert not syntax.scan(step(name="ü").read_bytes()).ascii


def test_instances_are_listed_with_their_places(step: Step) -> None:
    data = step("/* #9=IFCX(); */ #2= ifca('#3=IFCB();');\n#4=(IFCA()IFCB());\n").read_bytes()
    found = list(syntax.instances(data, syntax.read_header(data)))
    assert [(number, entity) for _, number, entity in found] == [(1, "IFCPROJECT"), (2, "IFCA"), (4, "")]
    assert [syntax.line(data, offset) for offset, _, _ in found] == [8, 9, 10]


STRING = st.text("a'();=#/*\n", max_size=8).map(lambda text: "'" + text.replace("'", "''") + "'")
VALUE = st.recursive(
    STRING | st.sampled_from(["$", "*", "#1", "1.5E-3", ".T.", "/* a'( comment; */ 1"]),
    lambda inner: st.lists(inner, max_size=4).map(lambda values: "(" + ",".join(values) + ")"),
)


@given(st.lists(VALUE, max_size=8), st.integers(1, 60))
def test_any_well_formed_body_passes_in_any_chunks(values: list[str], chunk: int) -> None:
    body = "".join(f"#{number}=IFCA({value});\n" for number, value in enumerate(values, 1)).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(syntax, "CHUNK_BYTES", chunk)
        assert syntax.scan(HEAD + SCHEMA + body + FOOT).instances == len(values)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_check_fail_otherwise_than_by_refusing(noise: bytes) -> None:
    data = HEAD + SCHEMA + noise + FOOT
    try:
        found = syntax.scan(data)
    except ModelError as error:
        assert error.where is not None
    else:
        assert found.instances >= 0
