"""A webhook: each post is one signed POST to an address of yours (extra `publishers`).

It prints:

    POST /posts with a key and a signature: {"text":"Xin chào!","for":"my-account"}
    completed 4711
"""

import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

from jobledger import Scheduler
from jobledger.publishers import WebhookPublisher


class Endpoint(BaseHTTPRequestHandler):
    """In place of your service."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        signed = "X-Jobledger-Signature" in self.headers and "Idempotency-Key" in self.headers
        print(f"POST {self.path} {'with a key and a signature' if signed else ''}: {body}")
        answer = b'{"id": 4711}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: what it prints is shown above."""


server = HTTPServer(("127.0.0.1", 0), Endpoint)
threading.Thread(target=server.serve_forever, daemon=True).start()
publisher = WebhookPublisher(
    f"http://127.0.0.1:{server.server_port}/posts",
    secret="shared with the endpoint",
    body={"text": "{content}", "for": "{account_id}"},
    idempotent=True,  # it acts once on a key, so that a doubtful request is sent again
)
with Scheduler("jobs") as scheduler:
    job_id = scheduler.add_job("my-account", "Xin chào!", datetime.now(UTC))
    scheduler.run_due(publisher)
    job = scheduler.get_job(job_id)
    print(job.status, job.thread_id)
server.shutdown()
