# SPDX-License-Identifier: GPL-2.0-only
"""A web server of the test's own that has bundles, well or badly; with TLS by a private CA where it is wanted."""

import contextlib
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Server(ThreadingHTTPServer):
    """`/whole`, `/unmeasured` (no length), `/broken` (half of it), `/moved`; all else is not there."""

    def __init__(self, octets: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.octets, self.scheme = octets, "http"

    def url(self, path: str) -> str:
        """The address of a bundle."""
        return f"{self.scheme}://127.0.0.1:{self.server_port}/{path}"

    def with_tls(self, authority: "Authority") -> None:
        """By a certificate of that CA."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.certificate, authority.key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.scheme = "https"

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever does not trust us goes."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        """What http.server asks for by this name."""
        octets = self.server.octets
        match self.path:
            case "/whole":
                self._answer(200, length=len(octets))
                self.wfile.write(octets)
            case "/unmeasured":
                self._answer(200)
                with contextlib.suppress(OSError):  # who has no room hangs up
                    self.wfile.write(octets)
            case "/broken":
                self._answer(200, length=len(octets))
                self.wfile.write(octets[: len(octets) // 2])
            case "/moved":
                self._answer(302, location="/whole")
            case _:
                self.send_error(404)

    def _answer(self, status: int, *, length: int | None = None, location: str = "") -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if location:
            self.send_header("Location", location)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Authority:
    """A CA that nobody knows, and a server's certificate of its."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.ca, ca_key = folder / "ca.pem", folder / "ca.key.pem"
        self.certificate, self.key = folder / "certificate.pem", folder / "key.pem"
        new = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        ca = f"-keyout {ca_key} -out {self.ca} -subj /CN=Headquarters -addext keyUsage=critical,keyCertSign"
        subprocess.run(f"{new} {ca}".split(), check=True, capture_output=True)
        signed = f"-keyout {self.key} -out {self.certificate} -CA {self.ca} -CAkey {ca_key} -subj /CN=bundles"
        of = "-addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE"
        subprocess.run(f"{new} {signed} {of}".split(), check=True, capture_output=True)


@contextlib.contextmanager
def served(server: Server) -> Iterator[Server]:
    """While the block lasts."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
