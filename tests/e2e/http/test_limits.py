"""Slow clients and many of them: each costs a bounded time and place, and the others are served meanwhile."""

import contextlib
import unittest

from raw import EchoTest, read_response

GET = b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Slow(EchoTest):
    read_ms = 300

    def test_a_head_or_a_body_that_does_not_come_is_408(self):
        for data in (b"GET /ec", b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc",
                     b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"):
            connection = self.connect()
            connection.sendall(data)
            self.assertEqual([r.status for r in self.responses(connection)], [408], data)

    def test_a_head_in_drops_is_cut_all_the_same(self):
        connection = self.connect()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(100_000):
                connection.sendall(b"X")
                connection.settimeout(0.02)
                with contextlib.suppress(TimeoutError):
                    if connection.recv(1000):
                        return  # the refusal
        self.assertTrue(True)

    def test_silent_and_dripping_clients_hold_up_nobody(self):
        slow = [self.connect(f"127.0.1.{n % 20 + 1}") for n in range(400)]
        for connection in slow[::2]:
            connection.sendall(b"GET /echo HTTP/1.1\r\n")
        self.assertEqual(self.get("/echo").status, 200)
        for connection in slow[::2]:
            self.assertEqual([r.status for r in self.responses(connection)], [408])
        for connection in slow[1::2]:
            self.assertEqual(connection.recv(100), b"")

    def test_who_does_not_read_the_response_is_cut(self):
        connection = self.connect()
        connection.sendall(b"GET /large/50000000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while self.has_connection(connection):
            self.assertEqual(self.get("/echo").status, 200)

    def has_connection(self, connection):
        local = "%04X" % connection.getsockname()[1]
        with open(f"/proc/{self.server.pid}/net/tcp") as table:
            return any(line.split()[2].endswith(":" + local) and line.split()[3] == "01" for line in table)


class Many(EchoTest):
    def held(self, source, count):
        """Connections that are known to be served, kept open."""
        connections = []
        for _ in range(count):
            connection = self.connect(source)
            connection.sendall(GET)
            self.assertIn(b"200 OK", connection.recv(65536))
            connections.append(connection)
        return connections

    def test_an_address_has_64_and_others_have_theirs(self):
        held = self.held("127.0.0.9", 64)
        refused = self.connect("127.0.0.9")
        response = read_response(refused.makefile("rb"))
        self.assertEqual((response.status, response.headers["retry-after"]), (503, "1"))
        self.held("127.0.0.10", 1)
        held[0].shutdown(2)
        held[0].close()
        while True:  # until the server has seen it
            connection = self.connect("127.0.0.9")
            connection.sendall(GET)
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                if b"200 OK" in connection.recv(65536):
                    break

    def test_two_thousand_in_all(self):
        for n in range(40):
            self.held(f"127.0.2.{n + 1}", 50)
        response = read_response(self.connect("127.0.3.1").makefile("rb"))
        self.assertEqual(response.status, 503)

    def test_a_connection_ends_after_its_requests(self):
        connection = self.connect()
        connection.sendall(GET * 1_000)
        responses = self.responses(connection)
        self.assertEqual(len(responses), 1_000)
        self.assertEqual({r.status for r in responses}, {200})
        self.assertEqual(responses[-1].headers["connection"], "close")


if __name__ == "__main__":
    unittest.main()
