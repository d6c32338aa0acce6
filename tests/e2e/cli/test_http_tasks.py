"""Tasks of the kind http and sensors that ask over HTTP, against a server of our own: what is sent, what each answer
means, and that no value becomes anything else than a value."""
import http.server
import json
import pathlib
import socket
import subprocess
import threading
import unittest

from support import BATON, CliTest

SECRET = "s3cr3t-canary-4711"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def any(self):
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        self.server.seen.append((self.command, self.path, dict(self.headers.items()), body))
        path = self.path.split("?")[0]
        if path.startswith("/status/"):
            self.answer(int(path.split("/")[2]), b"::warning::no\nline two", Retry_After="7")
        elif path == "/json":
            self.answer(200, json.dumps({"rows": 3, "day": "x"}).encode(), Content_Type="application/json", X_Made="by us",
                        Set_Cookie="session=abc")
        elif path == "/text":
            self.answer(200, b"plain", Content_Type="text/plain")
        elif path == "/huge":
            self.answer(200, b"x" * (3 << 20))
        elif path == "/binary":
            self.answer(200, b"\xff\xfe")
        elif path == "/redirect":
            self.answer(302, Location="/json")
        elif path == "/away":
            self.answer(307, Location=self.server.other + "/json")
        elif path == "/loop":
            self.answer(302, Location="/loop")
        elif path == "/file":
            self.answer(302, Location="file:///etc/passwd")
        elif path == "/hang":
            self.server.hung.set()
            self.server.release.wait(60)
            self.answer(200)
        elif path == "/counts":
            self.server.counts["counts"] = self.server.counts.get("counts", 0) + 1
            self.answer(200, json.dumps({"ready": self.server.counts["counts"] == 3}).encode())
        elif path == "/once":
            self.answer(503 if self.server.counts.setdefault("once", 0) == 0 else 200)
            self.server.counts["once"] += 1
        else:
            self.answer(200, body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = any


def serve(test):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # who was stopped does not listen to the end
    server.seen, server.counts = [], {}
    server.hung, server.release = threading.Event(), threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}"
    server.other = f"http://localhost:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    test.addCleanup(server.server_close)
    test.addCleanup(server.shutdown)
    test.addCleanup(server.release.set)
    return server


class HttpTasks(CliTest):
    def setUp(self):
        super().setUp()
        self.server = serve(self)

    def run_task(self, task, code=0, params=(), **extra):
        """One task `t`, and what it left: its instance, its log."""
        self.write("d.yaml", f"dag: d\nparams: {{v: {{type: string, default: x}}}}\ntasks:\n  t: {task}\n")
        self.baton("run", "d.yaml", *params, code=code, **extra)
        show = self.json("show", "@latest")["task_instances"][0]
        return show, self.baton("logs", "@latest", "t").stdout

    def test_a_url_alone_is_asked_for(self):
        _, log = self.run_task(f'{{http: "{self.server.url}/text"}}')
        command, path, headers, _ = self.server.seen[0]
        self.assertEqual((command, path), ("GET", "/text"))
        self.assertIn("traceparent", {name.lower() for name in headers})
        self.assertIn("/text: 200, 5 bytes", log)

    def test_what_is_sent_is_what_is_written(self):
        self.run_task('{http: {url: "%s/echo?d=1", method: PUT, headers: {X-A: "n ${{ params.v }}"}, '
                      'json: {v: "${{ params.v }}", n: [1, 2.50, null], s: {secret: no}}}}' % self.server.url,
                      params=("-p", "v=a'b\"c"))
        command, path, headers, body = self.server.seen[0]
        self.assertEqual((command, path), ("PUT", "/echo?d=1"))
        self.assertEqual(headers["X-A"], "n a'b\"c")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(json.loads(body), {"v": "a'b\"c", "n": [1, 2.5, None], "s": {"secret": "no"}})

    def test_a_line_end_in_a_header_is_refused_before_anything_is_sent(self):
        for bad in ("a\r\nX-B: c", "a\nX-B: c"):
            _, log = self.run_task('{http: {url: "%s/", headers: {X-A: "n ${{ params.v }}"}}}' % self.server.url, code=1,
                                   params=("-p", "v=" + bad))
            self.assertIn('the value of the header "X-A" holds a line end', log)
        self.assertEqual(self.server.seen, [])

    def test_a_url_is_http_whatever_an_expression_gives(self):
        for bad in ("file:///etc/passwd", "gopher://x", f"{self.server.url}/a\r\nX: y"):
            _, log = self.run_task('{http: "${{ params.v }}"}', code=1, params=("-p", "v=" + bad))
            self.assertIn("the url", log)
            self.assertNotIn("root:", log)
        self.assertEqual(self.server.seen, [])

    def test_mistakes_are_seen_when_the_file_is_read(self):
        for task, what in (('{http: "ftp://x"}', "is no http:// or https:// URL"),
                           ('{http: {url: "http://x", headers: {"A b": c}}}', "is not a name of a header"),
                           ('{http: {url: "http://x", headers: {A: "b\\nc"}}}', "a header holds no line ends"),
                           ('{http: {url: "http://x", expect: 99}}', "is no status of HTTP"),
                           ('{http: "http://x", outputs: {rows: int}}', 'gives no output "rows"')):
            self.write("bad.yaml", f"dag: d\ntasks:\n  t: {task}\n")
            self.assertIn(what, self.baton("validate", "bad.yaml", code=2).stdout)

    def test_statuses(self):
        for status, tries in ((404, 1), (429, 2), (503, 2)):
            show, log = self.run_task('{http: "%s/status/%d", retries: {max: 1, delay: 1ms, on: [exit:75]}}' %
                                      (self.server.url, status), code=1)
            self.assertEqual(show["try_number"], tries, status)
            self.assertIn(f": {status}, ", log)
            self.assertIn("  | ::warning::no\n", log)  # somebody else's text is no command to Baton
            self.assertIn("Retry-After: 7", log)
        show, _ = self.run_task('{http: {url: "%s/status/404", expect: [404]}}' % self.server.url)
        self.assertEqual(show["state"], "success")
        show, _ = self.run_task('{http: "%s/once", retries: {max: 1, delay: 1ms, on: [exit:75]}}' % self.server.url)
        self.assertEqual((show["state"], show["try_number"]), ("success", 2))

    def test_nobody_there_may_be_there_later(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        show, _ = self.run_task('{http: "http://127.0.0.1:%d/", retries: {max: 1, delay: 1ms, on: [exit:75]}}' % port,
                                code=1)
        self.assertEqual(show["try_number"], 2)

    def test_the_key_of_a_change_stays_over_tries(self):
        self.run_task('{http: {url: "%s/status/503", method: POST}, retries: {max: 1, delay: 1ms}}' % self.server.url,
                      code=1)
        keys = [headers["Idempotency-Key"] for _, _, headers, _ in self.server.seen]
        self.assertEqual(len(keys), 2)
        self.assertEqual(keys[0], keys[1])
        self.server.seen.clear()
        self.run_task('{http: {url: "%s/", method: POST, headers: {idempotency-key: mine}}}' % self.server.url)
        self.assertEqual([v for k, v in self.server.seen[0][2].items() if k.lower() == "idempotency-key"], ["mine"])

    def test_outputs(self):
        self.write("o.yaml", """dag: o
tasks:
  ask: {http: "%s/json", outputs: {status: int, json: map, body: string, headers: map}}
  use:
    needs: ask
    run: echo ${{ tasks.ask.outputs.status }} ${{ tasks.ask.outputs.json.rows }} ${{ tasks.ask.outputs.body }}
         ${{ tasks.ask.outputs.headers["x-made"] }} ${{ "set-cookie" in tasks.ask.outputs.headers }}
""" % self.server.url)
        self.baton("validate", "o.yaml")
        self.baton("run", "o.yaml")
        self.assertIn('200 3 {"rows": 3, "day": "x"} by us false', self.baton("logs", "@latest", "use").stdout)
        for path, output, what in (("text", "json: map", "the body is no JSON"), ("huge", "body: string", "1 MiB"),
                                   ("binary", "body: string", "no text in UTF-8")):
            _, log = self.run_task('{http: "%s/%s", outputs: {%s}}' % (self.server.url, path, output), code=1)
            self.assertIn(what, log)
        _, log = self.run_task('{http: "%s/huge"}' % self.server.url)  # nobody keeps it
        self.assertIn("bytes and more", log)

    def test_redirects(self):
        _, log = self.run_task(f'{{http: "{self.server.url}/redirect"}}', code=1)
        self.assertIn("`follow_redirects: true` goes there", log)
        self.run_task('{http: {url: "%s/redirect", follow_redirects: true}}' % self.server.url)
        _, log = self.run_task('{http: {url: "%s/loop", follow_redirects: true}}' % self.server.url, code=1)
        self.assertIn("redirects more than 10 times", log)
        _, log = self.run_task('{http: {url: "%s/file", follow_redirects: true}}' % self.server.url, code=1)
        self.assertNotIn("root:", log)

    def test_a_secret_goes_to_nobody_else(self):
        self.server.seen.clear()
        self.run_task('{http: {url: "%s/away", follow_redirects: true, json: {a: 1}, '
                      'headers: {X-Key: {secret: k}, Authorization: "Bearer x", X-Plain: p}}}' % self.server.url,
                      BATON_SECRET_K=SECRET)
        first, second = self.server.seen
        self.assertEqual(first[2]["X-Key"], SECRET)
        self.assertEqual((second[0], second[1], json.loads(second[3])), ("POST", "/json", {"a": 1}))
        self.assertEqual(second[2]["X-Plain"], "p")
        for name in ("X-Key", "Authorization"):
            self.assertNotIn(name, second[2])

    def test_a_secret_shows_nowhere(self):
        self.write("s.yaml", """dag: s
tasks:
  t:
    http: {url: "%s/hang", method: POST, body: "${{ run.id }}", headers: {A: {secret: k}, B: "${{ secret('k') }}"}}
    timeout: 60s
""" % self.server.url)
        run = self.begin_with("run", "s.yaml", BATON_SECRET_K=SECRET)
        self.assertTrue(self.server.hung.wait(60))
        seen = 0
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                arguments = (entry / "cmdline").read_bytes()
                environment = (entry / "environ").read_bytes() if b"baton-task" in arguments else b""
            except OSError:
                continue
            seen += b"baton-task" in arguments
            self.assertNotIn(SECRET.encode(), arguments + environment)
        self.assertGreater(seen, 0)
        self.server.release.set()
        run.wait(60)
        self.assertEqual([h["A"] for _, _, h, _ in self.server.seen], [SECRET])
        self.assertEqual(run.returncode, 0)
        kept = dict(self.stored())
        for path, content in kept.items():
            self.assertNotIn(SECRET.encode(), content, str(path))
        self.assertTrue(any(b'"A":{"secret":"k"}' in content for content in kept.values()), "the row of the try names it")

    def begin_with(self, *words, **extra):
        process = subprocess.Popen([BATON, *words], cwd=self.folder, env=self.environment(**extra), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.end, process)
        return process

    def test_a_secret_that_comes_back_does_not_become_an_output(self):
        show, log = self.run_task('{http: {url: "%s/echo", body: b, headers: {A: {secret: k}}}, outputs: {headers: map}}' %
                                  self.server.url, BATON_SECRET_K=SECRET)
        self.assertNotIn(SECRET, log)
        self.assertEqual(show["state"], "success")

    def test_no_param_names_a_secret(self):
        self.write("p.yaml", """dag: p
params: {h: {type: object, default: {secret: k}}}
tasks:
  t: {http: {url: "%s/", headers: {A: "${{ toJson(params.h) }}"}}}
""" % self.server.url)
        self.baton("run", "p.yaml", BATON_SECRET_K=SECRET)
        self.assertEqual(json.loads(self.server.seen[0][2]["A"]), {"secret": "k"})
        self.write("q.yaml", """dag: q
params: {h: {default: {secret: k}}}
tasks:
  t: {http: {url: "%s/", headers: {A: "${{ params.h }}"}}}
""" % self.server.url)
        self.server.seen.clear()
        self.baton("run", "q.yaml", code=1, BATON_SECRET_K=SECRET)
        self.assertIn('the value of the header "A" is no text', self.baton("logs", "@latest", "t").stdout)
        self.assertEqual(self.server.seen, [])

    def test_a_missing_secret_is_told_before_the_first_task(self):
        self.write("m.yaml", 'dag: m\ntasks:\n  t: {http: {url: "%s/", headers: {A: {secret: k}}}}\n' % self.server.url)
        done = self.baton("run", "m.yaml", code=2)
        self.assertIn('secret "k"', done.stderr)
        self.assertEqual(self.server.seen, [])

    def test_a_server_that_hangs_meets_the_timeout(self):
        show, _ = self.run_task('{http: "%s/hang", timeout: 1s, grace: 1s}' % self.server.url, code=1)
        self.assertEqual(show["state_reason"], "timeout")

    def test_the_body_is_part_of_the_cache_key(self):
        task = '{http: {url: "%s/echo", body: "${{ params.v }}"}, cache: {key: all}}' % self.server.url
        for value, requests in (("a", 1), ("a", 1), ("b", 2)):
            self.run_task(task, params=("-p", "v=" + value))
            self.assertEqual(len(self.server.seen), requests)

    def test_a_dry_run_shows_what_would_be_sent(self):
        self.write("d.yaml", 'dag: d\ntasks:\n  t: {http: {url: "http://x/${{ dag.id }}", headers: {A: {secret: k}}}}\n')
        shown = self.baton("run", "d.yaml", "--dry-run").stdout
        self.assertIn("http://x/d", shown)
        self.assertEqual(self.server.seen, [])

    def test_what_the_json_must_say(self):
        self.run_task('{http: {url: "%s/json", expect_json: {/rows: 3, /day: "${{ params.v }}", /none: null}}}' %
                      self.server.url, params=("-p", "v=x"))
        for wanted, said in (("{/rows: 4}", "/rows is 3, not 4"), ("{/rows: \'3\'}", '/rows is 3, not "3"'),
                             ("{/gone/0: 1}", "/gone/0 is not there, not 1"), ("{rows: 3}", "no JSON pointer")):
            _, log = self.run_task('{http: {url: "%s/json", expect_json: %s}}' % (self.server.url, wanted), code=1)
            self.assertIn(said, log)
        _, log = self.run_task('{http: {url: "%s/text", expect_json: {/rows: 3}}}' % self.server.url, code=1)
        self.assertIn("the body is no JSON", log)

    def test_a_sensor_waits_until_the_json_says_so(self):
        task = '{sensor: {http: {url: "%s/counts", expect_json: {/ready: true}}, every: 10ms}, timeout: 60s}'
        self.run_task(task % self.server.url)
        self.assertEqual(self.server.counts["counts"], 3)

    def test_a_sensor_looks_until_the_answer_is_there(self):
        _, log = self.run_task('{sensor: {http: "%s/once", every: 10ms}, timeout: 60s}' % self.server.url)
        self.assertEqual(self.server.counts["once"], 2)
        show, log = self.run_task('{sensor: {http: {url: "%s/status/404", expect: [200]}, every: 10ms}, timeout: 1s}' %
                                  self.server.url, code=1)
        self.assertEqual(show["state_reason"], "timeout")
        show, log = self.run_task('{sensor: {http: "${{ params.v }}", every: 10ms}, timeout: 60s}', code=1)
        self.assertIn("the url does not begin with", log)


if __name__ == "__main__":
    unittest.main()
