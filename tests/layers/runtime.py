"""The Lambda Runtime API on 127.0.0.1, and functions that are started against it as in their container."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.patience import PATIENCE_S

BASE = "/2018-06-01/runtime"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:test"
Answer = tuple[str, Any]


class _Api(BaseHTTPRequestHandler):
    """GET invocation/next; POST invocation/<id>/response, invocation/<id>/error, init/error."""

    disable_nagle_algorithm = True  # otherwise every answer waits 40 ms
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        event = self._function.events.get()
        body = json.dumps(event).encode()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 900) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", ARN)
        self._send(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        what = self.path.removeprefix(f"{BASE}/").rpartition("/")[2]
        kind = "init" if self.path.endswith("init/error") else what
        self._function.answers.put((kind, json.loads(body)))
        self.send_response(202)
        self._send(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    @property
    def _function(self) -> Function:
        assert isinstance(self.server, _Server)
        return self.server.function

    def _send(self, body: bytes) -> None:
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, function: Function) -> None:
        super().__init__(("127.0.0.1", 0), _Api)
        self.function = function


class Function:
    """One function instance: `with Function(handler, root, environment) as function: function(event)`.

    It runs on the bare interpreter (-S: nothing of the virtual environment), with the image's folder and
    awslambdaric, which the base image brings along, on its path.
    """

    def __init__(self, handler: str, *, root: Path, bootstrap: Path, environment: Mapping[str, str]) -> None:
        self.events: queue.Queue[Any] = queue.Queue()
        self.answers: queue.Queue[Answer] = queue.Queue()
        self._server = _Server(self)
        self._command = [sys.executable, "-S", "-s", "-m", "awslambdaric", handler]
        self._root = root
        self._environment = {
            **environment,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "test",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/test",
            "AWS_LAMBDA_LOG_STREAM_NAME": "test",
            "LAMBDA_TASK_ROOT": str(root),
            "PYTHONPATH": f"{root}:{bootstrap}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def __call__(self, event: Any, *, timeout: float = PATIENCE_S) -> Answer:
        """Invoke it; return ("response", ...), ("error", ...) or ("init", ...)."""
        self.events.put(event)
        return self.answers.get(timeout=timeout)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._process = subprocess.Popen(
            self._command,
            cwd=self._root,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.output = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(5)
        if self._process.stdout:
            self._process.stdout.close()
        self._server.shutdown()
        self._server.server_close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output += line
