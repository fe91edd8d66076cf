"""The emulated AWS: ministack as a child process on 127.0.0.1, gone when we are."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from functions.core.errors import PipelineError
from functions.local import engine, guard

ACCOUNT = "000000000000"
REGION = "eu-central-1"
START_SECONDS = 120  # when it cannot start it ends, and nobody waits any longer
# Its whole environment reaches the functions, so it gets only what it needs.
PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE", "VIRTUAL_ENV")


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Emulator:
    """One running emulator: `with Emulator() as aws: aws.url`. Its state lives in a folder of its own."""

    port: int = field(default_factory=free_port)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="ifcpipe-stack-")))
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where every AWS API answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the emulator."""
        if self._process is None:
            raise PipelineError("the emulator has not been started")
        return self._process.pid

    @property
    def log(self) -> Path:
        """The emulator's own log."""
        return self.folder / "emulator.log"

    def environment(self) -> dict[str, str]:
        """What boto3 needs to talk to this emulator and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def start(self) -> Self:
        """Start the child and wait until it answers."""
        for name in ("tmp", "state"):
            (self.folder / name).mkdir(parents=True)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", guard.__file__, str(self.folder), engine.__file__],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(self, os.environ),
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C is for us: we stop the child when we are ready to
            )
        self._wait()
        return self

    def stop(self) -> None:
        """End the emulator and everything below it, and remove its folder.

        Not by asking: it would wait for the functions that it is starting, and all that they do is lost
        with the folder anyway.
        """
        process, self._process = self._process, None
        if process is not None:
            guard.end(process.pid)
            process.wait()
            if process.stdin:
                process.stdin.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _wait(self) -> None:
        """Wait until the emulator is healthy; when it is not, say what its log says."""
        until = time.monotonic() + START_SECONDS
        while self._process is not None and self._process.poll() is None and time.monotonic() < until:
            if _healthy(self.url):
                return
            time.sleep(0.02)
        tail = self.log.read_text(errors="replace")[-2000:]
        self.stop()
        raise PipelineError(f"the emulated AWS did not start: {tail}")


def _environment(emulator: Emulator, outer: Mapping[str, str]) -> dict[str, str]:
    """Return the child's environment."""
    passed = {name: outer[name] for name in PASSED if name in outer}
    return passed | {
        "GATEWAY_PORT": str(emulator.port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(emulator.folder / "tmp"),
        "STATE_DIR": str(emulator.folder / "state"),
        "S3_DATA_DIR": str(emulator.folder / "state"),
        "DOCKER_HOST": f"unix://{emulator.folder}/no-docker.sock",  # the machine's Docker is not ours to tidy
    }


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_ministack/health", timeout=2) as answer:  # noqa: S310 - our own
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP OK
    except (urllib.error.URLError, OSError):
        return False
