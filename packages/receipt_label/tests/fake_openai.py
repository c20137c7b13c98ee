"""An embedding service in this process, behind the real client: its files and batches over HTTP.

It knows the four endpoints that this package uses, as documented, and answers anything else with 404.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from email.parser import BytesParser
from typing import Any

import httpx2
from openai import OpenAI

CREATED_AT = 1_754_481_600
"""2025-08-06 12:00 UTC."""


@dataclass
class FakeOpenAI:
    """Files by id, and batches by id as the service would describe them."""

    files: dict[str, str] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def client(self) -> OpenAI:
        """The real client, connected to this service."""
        transport = httpx2.MockTransport(self._handle)
        return OpenAI(api_key="test", max_retries=0, http_client=httpx2.Client(transport=transport))

    def finish(
        self,
        batch_id: str,
        *,
        status: str = "completed",
        embedding: tuple[float, ...] = (3.0, 4.0),
        refuse: frozenset[str] = frozenset(),
        expire: frozenset[str] = frozenset(),
    ) -> None:
        """End a batch: every request gets this embedding, except those that are named."""
        batch = self.batches[batch_id]
        asked = [json.loads(line)["custom_id"] for line in self.files[batch["input_file_id"]].splitlines()]
        answers, errors = [], []
        for custom_id in asked:
            if custom_id in expire:
                errors.append({"custom_id": custom_id, "response": None, "error": {"code": "batch_expired"}})
            elif custom_id in refuse:
                body = {"error": {"message": "input is too long"}}
                response = {"status_code": 400, "body": body}
                errors.append({"custom_id": custom_id, "response": response, "error": None})
            else:
                body = {"data": [{"index": 0, "embedding": list(embedding)}]}  # type: ignore[dict-item]
                response = {"status_code": 200, "body": body}
                answers.append({"custom_id": custom_id, "response": response, "error": None})
        batch["status"] = status
        for name, entries in (("output_file_id", answers), ("error_file_id", errors)):
            if entries:
                batch[name] = self._store("".join(f"{json.dumps(entry)}\n" for entry in entries))

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        call = f"{request.method} {request.url.path}"
        self.requests.append(call)
        if call == "POST /v1/files":
            return self._upload(request)
        if call == "POST /v1/batches":
            return self._create(json.loads(request.content))
        if match := re.fullmatch("GET /v1/batches/(.+)", call):
            batch = self.batches.get(match[1])
            return httpx2.Response(200, json=batch) if batch else _not_found(call)
        if match := re.fullmatch("GET /v1/files/(.+)/content", call):
            file = self.files.get(match[1])
            return httpx2.Response(200, content=file.encode()) if file is not None else _not_found(call)
        return _not_found(call)

    def _upload(self, request: httpx2.Request) -> httpx2.Response:
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        parts = {}
        for part in BytesParser().parsebytes(head + request.read()).get_payload():
            assert not isinstance(part, str)
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            parts[part.get_param("name", header="content-disposition")] = content.decode()
        assert parts["purpose"] == "batch"
        file_id = self._store(parts["file"])
        file = {"id": file_id, "object": "file", "bytes": len(parts["file"]), "created_at": CREATED_AT}
        more = {"filename": "lines.jsonl", "purpose": "batch", "status": "processed"}
        return httpx2.Response(200, json={**file, **more})

    def _create(self, body: dict[str, Any]) -> httpx2.Response:
        batch_id = f"batch_{len(self.batches) + 1}"
        self.batches[batch_id] = {
            **body,
            "id": batch_id,
            "object": "batch",
            "created_at": CREATED_AT,
            "status": "validating",
        }
        return httpx2.Response(200, json=self.batches[batch_id])

    def _store(self, text: str) -> str:
        file_id = f"file_{len(self.files) + 1}"
        self.files[file_id] = text
        return file_id


def _not_found(call: str) -> httpx2.Response:
    return httpx2.Response(404, json={"error": {"message": f"no such thing: {call}"}})
