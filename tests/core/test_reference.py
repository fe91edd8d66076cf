"""How a request names a file, and whose files it can reach."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import InputError, NotFoundError
from functions.core.reference import OutputOf, Stored, check_key, read_reference, tenant_of, tenant_prefix

JOB = "a" * 32
LONG = "uploads/" + "k" * 1100
REFUSED = {  # of the keys in the corpus: why each of them cannot be a file of ours
    "uploads/../secret.ifc": "'..' part",
    "/abs/x.ifc": "empty",
    "uploads//double.ifc": "empty",
    "uploads/trailing/": "empty",
    "uploads/nul\x00.ifc": "printed",
    "uploads/a\x00b.ifc": "printed",
    LONG: "1024 bytes",
}
TENANTS = st.sampled_from(["default", "acme", "other"])


def read(reference: str, tenant: str = "default") -> OutputOf | Stored:
    return read_reference(reference, tenant=tenant, input_bucket="in", output_bucket="out")


@pytest.mark.parametrize(
    ("reference", "place"),
    [
        ("a.ifc", Stored("in", "a.ifc")),
        ("uploads/a.ifc", Stored("in", "uploads/a.ifc")),
        ("/uploads/a.ifc", Stored("in", "uploads/a.ifc")),
        ("/app/uploads/a.ifc", Stored("in", "uploads/a.ifc")),
        ("output/ifccsv/a.csv", Stored("out", "output/ifccsv/a.csv")),
        ("/output/ifccsv/a.csv", Stored("out", "output/ifccsv/a.csv")),
        ("s3://in/a b+c/日本 #1.ifc", Stored("in", "a b+c/日本 #1.ifc")),
        ("s3://out/output/ifccsv/a.csv", Stored("out", "output/ifccsv/a.csv")),
        (f"s3://out/jobs/{JOB}/a.glb", OutputOf("a.glb", job_id=JOB)),
        (f"job:{JOB}", OutputOf(None, job_id=JOB)),
        (f"job:{JOB}/a.glb", OutputOf("a.glb", job_id=JOB)),
        ("step:convert", OutputOf(None, step="convert")),
        ("step:convert/a.glb", OutputOf("a.glb", step="convert")),
        ("http:a.ifc", Stored("in", "http:a.ifc")),
        ("日本.ifc", Stored("in", "日本.ifc")),
    ],
)
def test_every_way_to_name_a_file(reference: str, place: OutputOf | Stored) -> None:
    assert read(reference) == place


@pytest.mark.parametrize(
    "reference", ["job:", "step:/a", "", "/", "s3://", "s3://in", "s3://in/", "a/../b", "./a"]
)
def test_a_malformed_reference_is_the_users_error(reference: str) -> None:
    with pytest.raises(InputError):
        read(reference)


@pytest.mark.parametrize(
    ("reference", "place"),
    [
        ("a.ifc", Stored("in", "tenants/acme/a.ifc")),
        ("tenants/acme/a.ifc", Stored("in", "tenants/acme/a.ifc")),
        ("s3://in/tenants/acme/a.ifc", Stored("in", "tenants/acme/a.ifc")),
        ("output/ifccsv/a.csv", Stored("out", "tenants/acme/output/ifccsv/a.csv")),
    ],
)
def test_a_tenant_names_its_own_files(reference: str, place: Stored) -> None:
    assert read(reference, "acme") == place


@pytest.mark.parametrize(
    ("reference", "tenant"),
    [
        ("s3://in/a.ifc", "acme"),
        ("s3://in/tenants/other/a.ifc", "acme"),
        ("s3://in/tenants/acme/a.ifc", "default"),
        ("tenants/acme/a.ifc", "default"),
        ("s3://elsewhere/a.ifc", "default"),
        ("s3://out/output/a.csv", "acme"),
    ],
)
def test_files_of_others_are_not_found(reference: str, tenant: str) -> None:
    with pytest.raises(NotFoundError, match="not found"):
        read(reference, tenant)


@given(st.text(max_size=40) | st.from_regex(r"(s3://(in|out)/|/|/app/|output/)?(tenants/)?[a-z./]*"), TENANTS)
def test_no_reference_leads_to_another_tenant(reference: str, tenant: str) -> None:
    try:
        place = read(reference, tenant)
    except (InputError, NotFoundError):
        return
    if isinstance(place, Stored):
        assert place.bucket in {"in", "out"}
        assert tenant_of(place.key) == tenant
        assert place.key.startswith(tenant_prefix(tenant))
        assert ".." not in place.key.split("/")
        assert not (place.bucket == "out" and place.key.startswith("jobs/"))
    else:
        assert bool(place.job_id) != bool(place.step)


@given(TENANTS, st.from_regex(r"[a-z]{1,9}/[a-z]{1,9}\.ifc", fullmatch=True))
def test_a_tenants_prefix_says_who_it_is(tenant: str, name: str) -> None:
    assert tenant_of(tenant_prefix(tenant) + name) == tenant


def test_every_key_of_the_corpus_is_taken_as_it_is_or_refused_with_its_reason(corpus: Path) -> None:
    keys = json.loads((corpus / "bad" / "s3_keys.json").read_text(encoding="utf-8"))
    refused = {}
    for key in keys:
        try:
            assert check_key(key) == key
        except InputError as error:
            refused[key if len(key) < 100 else LONG] = error.message
    assert set(refused) == set(REFUSED)
    assert all(reason in refused[key] for key, reason in REFUSED.items())
    assert all(message.isprintable() for message in refused.values())


@pytest.mark.parametrize("key", [key for key in REFUSED if not key.startswith("/")])
def test_a_refused_key_cannot_be_named_either(key: str) -> None:
    for reference in (key, f"s3://in/{key}"):
        with pytest.raises(InputError):
            read(reference)


def test_a_key_of_1024_bytes_is_the_longest() -> None:
    assert check_key("é" * 512) == "é" * 512
    with pytest.raises(InputError):
        check_key("é" * 512 + "a")
    with pytest.raises(InputError):
        check_key("a\ud800")


@pytest.mark.parametrize("name", ["#keys", "a b", "\uff41cme", "", "..", "a" * 64, "acme\u0301"])
def test_a_name_that_no_tenant_can_have_is_nobodys_but_the_default_tenants(name: str) -> None:
    assert tenant_of(f"tenants/{name}/house.ifc") == "default"
