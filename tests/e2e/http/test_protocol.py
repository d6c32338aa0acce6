"""HTTP/1.1 as clients expect it: order, HEAD, OPTIONS, 405, 100-continue, gzip, ETags, streams, the Unix socket, an end."""

import gzip
import json
import os
import socket
import subprocess
import tempfile
import time
import unittest

from raw import EchoTest, read_response

GET = "GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Requests(EchoTest):
    def test_pipelined_requests_are_answered_in_order(self):
        data = "".join(GET.format(f"/echo/{n}") for n in range(50)).encode()
        data += b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        responses = self.exchange(data)
        self.assertEqual([json.loads(r.body)["segments"][1] for r in responses[:50]], [str(n) for n in range(50)])
        self.assertEqual(json.loads(responses[50].body)["headers"]["body"], "abc")

    def test_a_request_in_single_bytes(self):
        connection = self.connect()
        for byte in b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab":
            connection.sendall(bytes([byte]))
        [response] = self.responses(connection)
        self.assertEqual(json.loads(response.body)["headers"]["body"], "ab")

    def test_head_and_options(self):
        connection = self.connect()
        stream = connection.makefile("rb")
        self.addCleanup(stream.close)
        connection.sendall(GET.format("/large/5000").replace("GET", "HEAD").encode() + GET.format("/echo").encode())
        head = read_response(stream, to_head=True)
        self.assertEqual((head.status, head.headers["content-length"]), (200, "5000"))
        self.assertEqual(read_response(stream).status, 200)
        [options] = self.exchange(GET.format("/echo").replace("GET", "OPTIONS").encode())
        self.assertEqual((options.status, options.headers["allow"]), (204, "OPTIONS, GET, HEAD, POST, PUT"))
        self.assertNotIn("access-control-allow-origin", options.headers)

    def test_a_method_that_the_path_does_not_know(self):
        [response] = self.exchange(GET.format("/echo").replace("GET", "DELETE").encode())
        self.assertEqual((response.status, response.headers["allow"]), (405, "OPTIONS, GET, HEAD, POST, PUT"))
        [response] = self.exchange(GET.format("/echo").replace("GET", "BREW").encode())
        self.assertEqual(response.status, 501)

    def test_expect_continue(self):
        connection = self.connect()
        stream = connection.makefile("rb")
        self.addCleanup(stream.close)
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        self.assertEqual(read_response(stream).status, 100)
        connection.sendall(b"ab")
        self.assertEqual(read_response(stream).status, 200)
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n")
        self.assertEqual(read_response(stream).status, 413)

    def test_gzip_and_etag(self):
        plain = self.get("/large/5000")
        self.assertEqual((plain.body, plain.headers["etag"]), (b"x" * 5000, '"large-1"'))
        packed = self.get("/large/5000", "Accept-Encoding: gzip")
        self.assertEqual(gzip.decompress(packed.body), plain.body)
        self.assertNotEqual(packed.headers["etag"], plain.headers["etag"])
        for tag in (plain.headers["etag"], packed.headers["etag"]):
            known = self.get("/large/5000", f"If-None-Match: {tag}")
            self.assertEqual((known.status, known.body), (304, b""))

    def test_what_handlers_do_wrong_is_500(self):
        self.assertEqual(self.get("/throw").status, 500)
        self.assertEqual(self.get("/silent").status, 500)

    def test_a_large_response_arrives_whole(self):
        self.assertEqual(len(self.get("/large/20000000").body), 20_000_000)


class Streams(EchoTest):
    def test_a_stream_ends(self):
        response = self.get("/three")
        self.assertEqual([json.loads(line)["n"] for line in response.body.splitlines()], [1, 2, 3])

    def test_an_old_client_gets_it_without_chunks(self):
        connection = self.connect()
        connection.sendall(b"GET /three HTTP/1.0\r\nHost: localhost\r\n\r\n")
        data = b"".join(iter(lambda: connection.recv(65536), b""))
        self.assertEqual(data.split(b"\r\n\r\n", 1)[1], b'{"n":1}\n{"n":2}\n{"n":3}\n')

    def test_who_does_not_read_is_cut(self):
        before = self.memory_kb()
        connection = self.connect()
        connection.sendall(GET.format("/flood").encode())
        self.assertEqual(self.get("/echo").status, 200)
        total = 0
        try:
            # The reader sleeps until the server has given it up: only then does it look.
            while json.loads(self.get("/echo").body) and self.has_connection(connection):
                pass
            while data := connection.recv(1 << 20):
                total += len(data)
        except ConnectionResetError:
            pass
        self.assertLess(self.memory_kb() - before, 32 * 1024)

    def has_connection(self, connection):
        local = "%04X" % connection.getsockname()[1]
        with open(f"/proc/{self.server.pid}/net/tcp") as table:
            return any(line.split()[2].endswith(":" + local) and line.split()[3] == "01" for line in table)

    def test_they_are_capped_in_number(self):
        open_streams = []
        for _ in range(4):
            connection = self.connect()
            connection.sendall(GET.format("/quiet").encode())
            self.assertIn(b"200 OK", connection.recv(100))
            open_streams.append(connection)
        self.assertEqual(self.get("/quiet").status, 503)
        self.assertEqual(self.get("/echo").status, 200)

    def test_who_leaves_one_on_which_nothing_happens_gives_its_place_back(self):
        for _ in range(3):
            streams = [self.opened() for _ in range(4)]
            for connection in streams:
                connection.close()

    def opened(self):
        """The place of one before may become free a moment later, never when nobody looks."""
        deadline = time.monotonic() + 20
        while True:
            connection = self.connect()
            connection.sendall(GET.format("/quiet").encode())
            head = b""
            # To its end: who closes with bytes that he has not read resets the connection, and that is heard of.
            while not head.endswith((b": hello\n\n\r\n", b"}")):
                head += connection.recv(4096)
            if b"200 OK" in head:
                return connection
            connection.close()
            self.assertLess(time.monotonic(), deadline, "those who left still have their places")

    def test_they_end_with_the_server(self):
        connection = self.connect()
        stream = connection.makefile("rb")
        self.addCleanup(stream.close)
        connection.sendall(GET.format("/quiet").encode())
        self.assertEqual(stream.readline(), b"HTTP/1.1 200 OK\r\n")
        self.server.stdin.close()
        self.assertTrue(stream.read().endswith(b"0\r\n\r\n"))
        self.assertEqual(self.server.wait(timeout=20), 0)


class End(EchoTest):
    def test_what_is_in_flight_is_answered_and_idle_connections_end(self):
        idle, busy = self.connect(), self.connect()
        idle.sendall(GET.format("/echo").encode())
        self.assertIn(b"200 OK", idle.recv(65536))
        busy.sendall(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\na")
        while json.loads(self.get("/waiting").body) != 0:
            pass
        self.server.stdin.close()
        self.assertEqual(idle.recv(100), b"")
        busy.sendall(b"b")
        [response] = self.responses(busy)
        self.assertEqual((response.status, response.headers["connection"]), (200, "close"))
        self.assertEqual(self.server.wait(timeout=20), 0)

    def test_handlers_may_answer_later(self):
        waiting = [self.connect() for _ in range(10)]
        for connection in waiting:
            connection.sendall(GET.format("/block").encode())
        while self.get("/waiting").body != b"10":
            pass
        self.assertEqual(self.get("/release").body, b"10")
        for connection in waiting:
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual([r.body for r in self.responses(connection)], [b'"released"'])

    def test_a_second_server_does_not_share_the_port(self):
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            with self.assertRaises(OSError):
                other.bind(("127.0.0.1", self.port))


class UnixSocket(EchoTest):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        deep = os.path.join(self.folder.name, "d" * 100, "e" * 60)  # longer than an address of a socket
        os.makedirs(deep)
        self.path = os.path.join(deep, "control.sock")
        self.start(self.path)

    def test_the_peer_is_known_and_any_host_will_do(self):
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        at = os.open(os.path.dirname(self.path), os.O_PATH)
        self.addCleanup(os.close, at)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"/proc/self/fd/{at}/control.sock")
            connection.sendall(b"GET /echo HTTP/1.1\r\nHost: anything\r\nConnection: close\r\n\r\n")
            [response] = self.responses(connection)
        told = json.loads(response.body)["headers"]
        self.assertEqual((told["uid"], told["peer"]), (os.getuid(), ""))


if __name__ == "__main__":
    unittest.main()
