"""An echo server with web/http, and raw sockets to it: what no client library would send."""

import os
import re
import socket
import subprocess
import unittest

ECHO = os.environ.get("HTTP_ECHO", "build/quick/tests/http_echo")


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


def read_exactly(stream, count):
    data = stream.read(count)
    if len(data) != count:
        raise EOFError("the connection ended inside a response")
    return data


def read_chunks(stream):
    body = b""
    while True:
        size = int(stream.readline(), 16)
        body += read_exactly(stream, size)
        assert stream.readline() == b"\r\n"
        if size == 0:
            return body


def read_response(stream, to_head=False):
    """The next response; None where the connection has ended."""
    line = stream.readline()
    if not line:
        return None
    match = re.fullmatch(rb"HTTP/1\.1 (\d{3}) [^\r]*\r\n", line)
    assert match, line
    headers = {}
    for line in iter(stream.readline, b"\r\n"):
        name, _, value = line.decode().partition(": ")
        headers[name.lower()] = value.rstrip("\r\n")
    status = int(match[1])
    if to_head or status in (100, 204, 304):
        body = b""
    elif headers.get("transfer-encoding") == "chunked":
        body = read_chunks(stream)
    else:
        body = read_exactly(stream, int(headers["content-length"]))
    return Response(status, headers, body)


class EchoTest(unittest.TestCase):
    read_ms = 5000

    def setUp(self):
        self.start()

    def start(self, *more):
        # A sanitizer keeps what is freed for a while: not so much that it looks like what the server keeps.
        options = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=4"]))
        self.server = subprocess.Popen([ECHO, str(self.read_ms), *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       text=True, env={**os.environ, "ASAN_OPTIONS": options})
        self.addCleanup(self.end)
        self.port = int(self.server.stdout.readline().rsplit(":", 1)[1])

    def end(self):
        if self.server.poll() is None:
            self.server.stdin.close()
            self.assertEqual(self.server.wait(timeout=30), 0)
        self.server.stdout.close()

    def connect(self, source="127.0.0.1"):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20, source_address=(source, 0))
        self.addCleanup(connection.close)
        return connection

    def exchange(self, data):
        """All responses to these bytes, until the server ends the connection."""
        connection = self.connect()
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return self.responses(connection)

    def responses(self, connection):
        stream = connection.makefile("rb")
        self.addCleanup(stream.close)
        return list(iter(lambda: read_response(stream), None))

    def get(self, path, *headers):
        lines = "".join(f"{h}\r\n" for h in headers)
        with self.connect() as connection, connection.makefile("rb") as stream:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n".encode())
            return read_response(stream)

    def memory_kb(self):
        with open(f"/proc/{self.server.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])
