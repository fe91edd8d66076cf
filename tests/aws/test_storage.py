"""Objects: fetched by version, stored with their sums, linked to with any file name."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from functions.aws import storage as module
from functions.aws.clients import connect
from functions.aws.storage import MIN_PART, Storage, disposition
from functions.core.errors import InputError, NotFoundError, PipelineError, RetryableError, TooLargeError
from tests.aws.stack import CREDENTIALS, ENVIRONMENT, Stack

INPUT = ENVIRONMENT["INPUT_BUCKET"]
OUTPUT = ENVIRONMENT["OUTPUT_BUCKET"]
KEYS = ["a b+c/日本 #1.ifc", "uploads/große.ifc", "a%20b.ifc", "k" * 1024]


@pytest.fixture
def storage(stack: Stack) -> Storage:
    return stack.services.storage


@pytest.mark.parametrize("key", KEYS)
def test_any_key_is_stored_described_and_fetched(
    stack: Stack, storage: Storage, tmp_path: Path, key: str
) -> None:
    version = stack.put(key, b"model", Metadata={"operations": "ifcinfo"})
    info = storage.head(INPUT, key)
    assert (info.key, info.size, info.version_id) == (key, 5, version)
    assert info.metadata == {"operations": "ifcinfo"}
    assert info.etag == hashlib.md5(b"model").hexdigest()  # noqa: S324 - what S3 calls an ETag
    assert storage.read(INPUT, key, limit=5) == b"model"
    digest = storage.download(INPUT, key, tmp_path / "in")
    assert digest == hashlib.sha256(b"model").hexdigest()
    assert (tmp_path / "in").read_bytes() == b"model"


def test_an_older_version_is_still_there(stack: Stack, storage: Storage, tmp_path: Path) -> None:
    old = stack.put("house.ifc", b"first")
    stack.put("house.ifc", b"second!")
    assert storage.head(INPUT, "house.ifc", version_id=old).size == 5
    storage.download(INPUT, "house.ifc", tmp_path / "in", version_id=old)
    assert (tmp_path / "in").read_bytes() == b"first"
    assert storage.read(INPUT, "house.ifc", limit=10, version_id=old) == b"first"


def test_what_is_not_there_is_not_found(stack: Stack, storage: Storage, tmp_path: Path) -> None:
    stack.put("house.ifc", b"first")
    for key, version in (("none.ifc", None), ("house.ifc", "nonsense"), ("k" * 1025, None)):
        with pytest.raises(NotFoundError, match="not found"):
            storage.head(INPUT, key, version_id=version)
        with pytest.raises(NotFoundError, match="not found"):
            storage.download(INPUT, key, tmp_path / "in", version_id=version)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_version_of_an_object_is_not_found(storage: Storage) -> None:
    with Stubber(storage._client) as answers:
        answers.add_client_error(
            "head_object", service_error_code="400", service_message="Bad Request", http_status_code=400
        )
        with pytest.raises(NotFoundError):
            storage.head(INPUT, "a.ifc", version_id="yesterday")


def test_a_deleted_object_is_not_found(stack: Stack, storage: Storage) -> None:
    stack.put("house.ifc")
    marker = stack.clients.s3.delete_object(Bucket=INPUT, Key="house.ifc")["VersionId"]
    for version in (None, marker):
        with pytest.raises(NotFoundError):
            storage.head(INPUT, "house.ifc", version_id=version)


def test_a_missing_bucket_is_our_own_fault(storage: Storage) -> None:
    with pytest.raises(PipelineError) as caught:
        storage.read("no-such-bucket", "house.ifc", limit=1)
    assert type(caught.value) is PipelineError


def test_content_that_was_not_announced_is_refused(stack: Stack, storage: Storage, tmp_path: Path) -> None:
    stack.put("house.ifc", b"model")
    good = hashlib.sha256(b"model").hexdigest()
    assert storage.download(INPUT, "house.ifc", tmp_path / "in", expect_sha256=good.upper()) == good
    with pytest.raises(InputError, match="as announced"):
        storage.download(INPUT, "house.ifc", tmp_path / "in", expect_sha256="0" * 64)
    assert not (tmp_path / "in").exists()


def test_a_body_over_the_limit_is_too_large(stack: Stack, storage: Storage) -> None:
    stack.put("big.job.json", b"x" * 11)
    with pytest.raises(TooLargeError):
        storage.read(INPUT, "big.job.json", limit=10)


def test_a_connection_that_breaks_is_tried_again_later(
    stack: Stack, storage: Storage, tmp_path: Path
) -> None:
    stack.put("house.ifc", b"model")

    def breaks(**_: object) -> None:
        raise ReadTimeoutError(endpoint_url="https://s3")

    stack.clients.s3.meta.events.register_first("before-call.s3.GetObject", breaks)
    with pytest.raises(RetryableError, match="could not be reached"):
        storage.download(INPUT, "house.ifc", tmp_path / "in")
    assert not (tmp_path / "in").exists()


def test_an_upload_carries_its_sum(stack: Stack, storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"result" * 1000)
    size, digest = storage.upload(
        tmp_path / "out", OUTPUT, "jobs/1/größe.glb", content_type="model/gltf-binary", name="größe.glb"
    )
    assert (size, digest) == (6000, hashlib.sha256(b"result" * 1000).hexdigest())
    found = stack.clients.s3.head_object(Bucket=OUTPUT, Key="jobs/1/größe.glb", ChecksumMode="ENABLED")
    assert base64.b64decode(found["ChecksumSHA256"]).hex() == digest
    assert found["Metadata"] == {"sha256": digest}
    assert found["ContentType"] == "model/gltf-binary"
    assert "gr%C3%B6%C3%9Fe.glb" in found["ContentDisposition"]


def test_a_large_upload_goes_in_parts(
    stack: Stack, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ONE_REQUEST", 8 * 1024 * 1024)
    body = bytes(range(256)) * 40_000
    (tmp_path / "out").write_bytes(body)
    size, digest = storage.upload(
        tmp_path / "out", OUTPUT, "jobs/1/big.glb", content_type="model/gltf-binary"
    )
    assert (size, digest) == (len(body), hashlib.sha256(body).hexdigest())
    found = stack.clients.s3.get_object(Bucket=OUTPUT, Key="jobs/1/big.glb")
    assert found["ETag"].strip('"').endswith("-2")
    assert hashlib.sha256(found["Body"].read()).hexdigest() == digest


def test_an_empty_output_is_stored(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    assert storage.upload(tmp_path / "out", OUTPUT, "jobs/1/empty", content_type="text/plain")[0] == 0
    assert storage.head(OUTPUT, "jobs/1/empty").size == 0


def test_a_copy_has_the_same_content(stack: Stack, storage: Storage) -> None:
    stack.clients.s3.put_object(Bucket=OUTPUT, Key="jobs/1/日本 +1.csv", Body=b"a,b")
    storage.copy(OUTPUT, "jobs/1/日本 +1.csv", "output/ifccsv/日本.csv")
    assert storage.read(OUTPUT, "output/ifccsv/日本.csv", limit=9) == b"a,b"
    with pytest.raises(NotFoundError):
        storage.copy(OUTPUT, "jobs/1/none", "output/none")


def test_a_link_is_signed_for_one_object_and_a_file_name(storage: Storage) -> None:
    link = urlsplit(storage.presign_get(OUTPUT, "jobs/1/日本.glb", filename='日本 "1".glb', seconds=60))
    query = parse_qs(link.query)
    assert unquote(link.path).endswith("jobs/1/日本.glb")
    assert query["X-Amz-Expires"] == ["60"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    name = query["response-content-disposition"][0]
    assert name == "attachment; filename=\"__ _1_.glb\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC%20%221%22.glb"


def test_a_form_is_signed_for_one_key_and_a_size(storage: Storage) -> None:
    form = storage.presign_post(INPUT, "uploads/1/a b.ifc", max_bytes=100, seconds=60)
    policy = base64.b64decode(form["fields"]["policy"]).decode()
    assert form["fields"]["key"] == "uploads/1/a b.ifc"
    assert '["content-length-range", 0, 100]' in policy
    assert '{"key": "uploads/1/a b.ifc"}' in policy
    with pytest.raises(InputError) as caught:
        storage.presign_post(INPUT, "uploads/1/${filename}", max_bytes=100)
    assert caught.value.field == "filename"


def test_links_go_to_the_endpoint_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}.items():
        monkeypatch.setenv(name, value)
    storage = Storage(connect().s3)
    assert storage.presign_get("out", "a.glb", filename="a.glb").startswith(
        "http://127.0.0.1:4566/out/a.glb?"
    )
    assert storage.presign_post("in", "a.ifc", max_bytes=1)["url"] == "http://127.0.0.1:4566/in"


class TestMultipart:
    def send(self, stack: Stack, upload_id: str, number: int, size: int) -> None:
        stack.clients.s3.upload_part(
            Bucket=INPUT, Key="big.ifc", UploadId=upload_id, PartNumber=number, Body=b"x" * size
        )

    def test_parts_become_one_object(self, stack: Stack, storage: Storage) -> None:
        size = MIN_PART + 10
        upload = storage.start_multipart(INPUT, "big.ifc", size=size)
        assert (upload.part_size, len(upload.parts)) == (MIN_PART, 2)
        assert parse_qs(urlsplit(upload.parts[1]).query)["partNumber"] == ["2"]
        self.send(stack, upload.upload_id, 1, MIN_PART)
        with pytest.raises(InputError, match="bytes have been uploaded"):
            storage.finish_multipart(INPUT, "big.ifc", upload.upload_id, size=size)
        self.send(stack, upload.upload_id, 2, 10)
        storage.finish_multipart(INPUT, "big.ifc", upload.upload_id, size=size)
        assert storage.head(INPUT, "big.ifc").size == size

    def test_a_missing_part_is_named(self, stack: Stack, storage: Storage) -> None:
        upload = storage.start_multipart(INPUT, "big.ifc", size=1)
        with pytest.raises(InputError, match="part 1 has not"):
            storage.finish_multipart(INPUT, "big.ifc", upload.upload_id)
        self.send(stack, upload.upload_id, 2, 1)
        with pytest.raises(InputError, match="part 1 has not"):
            storage.finish_multipart(INPUT, "big.ifc", upload.upload_id)

    def test_a_very_large_file_has_at_most_a_thousand_parts(self, storage: Storage) -> None:
        upload = storage.start_multipart(INPUT, "huge.ifc", size=50 * 10**9)
        assert len(upload.parts) == 1000
        assert upload.part_size * 1000 >= 50 * 10**9


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_file_name_fits_into_a_header(name: str) -> None:
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    plain = header.removeprefix('attachment; filename="').partition('"; filename*=')[0]
    assert '"' not in plain
    encoded = header.rpartition("''")[2]
    assert unquote(encoded) == "".join(letter if letter.isprintable() else "_" for letter in name)
