"""What people send to break servers: requests that two readers understand in two ways, sizes without end, names of others."""

import gzip
import json
import unittest

from raw import EchoTest

HEAD = b"POST /echo HTTP/1.1\r\nHost: localhost\r\n"
SECOND = b"GET /echo/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Smuggling(EchoTest):
    def check_one_refusal(self, data, *statuses):
        responses = self.exchange(data)
        self.assertEqual([r.status for r in responses if r.status not in statuses], [], data[:200])
        self.assertEqual(len(responses), 1, f"answered as {len(responses)} requests: {data[:200]}")
        self.assertEqual(responses[0].headers["connection"], "close")
        self.assertEqual(responses[0].headers["content-type"], "application/json")
        self.assertEqual(json.loads(responses[0].body)["status"], responses[0].status)

    def test_both_framings(self):
        self.check_one_refusal(HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND, 400)
        self.check_one_refusal(HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SECOND, 400)

    def test_two_lengths(self):
        for second in (b"5", b"0", b"6"):
            self.check_one_refusal(HEAD + b"Content-Length: 5\r\nContent-Length: " + second + b"\r\n\r\nabcde" + SECOND, 400)
        self.check_one_refusal(HEAD + b"Content-Length: 5, 5\r\n\r\nabcde" + SECOND, 400)

    def test_odd_encodings(self):
        for value in (b"xchunked", b"chunked, identity", b"\x0bchunked", b"identity", b"gzip, chunked", b"chunked\x00"):
            self.check_one_refusal(HEAD + b"Transfer-Encoding: " + value + b"\r\n\r\n0\r\n\r\n" + SECOND, 400, 501)
        self.check_one_refusal(HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + SECOND, 400)
        self.check_one_refusal(HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SECOND, 400)
        self.check_one_refusal(HEAD + b"X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND, 400)

    def test_lines_without_carriage_return(self):
        self.check_one_refusal(b"GET /echo HTTP/1.1\nHost: localhost\n\n", 400)
        self.check_one_refusal(HEAD + b"X: y\nContent-Length: 5\r\n\r\nabcde" + SECOND, 400)

    def test_chunks(self):
        for chunks in (b"5;a=b\r\nabcde\r\n0\r\n\r\n", b"-2\r\nab\r\n0\r\n\r\n", b"0x5\r\nabcde\r\n0\r\n\r\n",
                       b"5\nabcde\n0\n\n", b"5\r\nabcdef\r\n0\r\n\r\n", b"5\r\nabcde\r\n0\r\nHost: evil\r\n\r\n",
                       b"5 \r\nabcde\r\n0\r\n\r\n", b";" * 5000):
            self.check_one_refusal(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + SECOND, 400)

    def test_the_body_of_a_get_is_no_request(self):
        responses = self.exchange(b"GET /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(SECOND) + SECOND)
        self.assertEqual([r.status for r in responses], [200])

    def test_a_header_is_passed_on_as_it_is(self):
        response = self.get("/echo", "X-A: a%0d%0aSet-Cookie: b", "Remote_Addr: 10.9.8.7")
        told = json.loads(response.body)
        self.assertEqual(told["headers"]["x-a"], "a%0d%0aSet-Cookie: b")
        self.assertEqual(told["headers"]["peer"], "127.0.0.1")
        split = self.get("/split?v=a%0d%0aSet-Cookie:%20b")
        self.assertNotIn("set-cookie", split.headers)


class Sizes(EchoTest):
    def test_a_head_without_end(self):
        before = self.memory_kb()
        for head in (b"GET /echo HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * 3_000_000,
                     b"GET /echo HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 10_000):
            self.assertEqual([r.status for r in self.exchange(head)], [431])
        self.assertEqual([r.status for r in self.exchange(b"GET /" + b"x" * 65_536 + b" HTTP/1.1\r\n")], [414])
        self.assertLess(self.memory_kb() - before, 16 * 1024)

    def test_a_body_without_end(self):
        before = self.memory_kb()
        million = b"%x\r\n" % 1_000_000 + b"x" * 1_000_000 + b"\r\n"
        self.assertEqual([r.status for r in self.exchange(HEAD + b"Content-Length: 1048577\r\n\r\n")], [413])
        self.assertEqual([r.status for r in self.exchange(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + million * 3)], [413])
        self.assertEqual([r.status for r in self.exchange(HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx")], [413])
        self.assertLess(self.memory_kb() - before, 16 * 1024)

    def test_a_route_has_a_limit_of_its_own(self):
        small = b"POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
        self.assertEqual([r.status for r in self.exchange(small % 10 + b"x" * 10)], [200])
        self.assertEqual([r.status for r in self.exchange(small % 11 + b"x" * 11)], [413])

    def test_a_compressed_body_is_refused(self):
        bomb = gzip.compress(b"\0" * 50_000_000)
        [response] = self.exchange(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
        self.assertEqual(response.status, 415)


class Names(EchoTest):
    def test_a_host_that_is_not_ours(self):
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil:80", "", "localhost:x"):
            [response] = self.exchange(f"GET /echo HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            self.assertEqual(response.status, 421, host)
        for host in ("localhost", "127.0.0.1:9", "[::1]:8080", "LOCALHOST"):
            [response] = self.exchange(f"GET /echo HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            self.assertEqual(response.status, 200, host)
        self.assertEqual([r.status for r in self.exchange(b"GET /echo HTTP/1.1\r\n\r\n")], [400])
        self.assertEqual([r.status for r in self.exchange(b"GET /echo HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n")], [400])

    def test_paths(self):
        for path, status in {"/echo/..": 400, "/echo/%2e%2e": 400, "/echo/%2E/x": 400, "/echo/a%00b": 400, "/echo/%c0%af": 400,
                             "/echo/%": 400, "/echo\\a": 400, "/echo/a;x": 200, "//echo": 404, "/echo/": 404, "/Echo": 404,
                             "/echo/a..b": 200, "/echo/%252f": 200, "/echo/a%2Fb": 200, "http://localhost/echo": 400}.items():
            self.assertEqual(self.get(path).status, status, path)
        self.assertEqual(json.loads(self.get("/echo/%252f/a%2Fb").body)["segments"], ["echo", "%2f", "a/b"])


if __name__ == "__main__":
    unittest.main()
