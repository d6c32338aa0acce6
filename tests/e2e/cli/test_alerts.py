"""Alerts: who is told of what, once for each change, signed, over failures, hangs and kills of either side; nobody inside
the network is reached by a name from outside."""
import hashlib
import hmac
import http.server
import json
import signal
import socketserver
import threading
import unittest

from serving import ServingTest


class Sink:
    """A receiver over HTTP. `answers`: what it does with the next ones: a status, `hang`, or `drop` (no answer)."""

    def __init__(self, test):
        self.got, self.answers, self.lock = [], [], threading.Lock()
        self.free = threading.Event()
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                self.do_POST()

            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with sink.lock:
                    answer = sink.answers.pop(0) if sink.answers else 200
                    sink.got.append((self.path, dict(self.headers), body.decode(), answer))
                if answer == "hang":
                    sink.free.wait(60)
                if answer in ("hang", "drop"):
                    self.close_connection = True
                    return
                self.send_response(answer)
                if answer == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        test.addCleanup(self.server.server_close)
        test.addCleanup(self.server.shutdown)
        test.addCleanup(self.free.set)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def taken(self, event=None):
        with self.lock:
            return [json.loads(body) for _, _, body, answer in self.got
                    if answer == 200 and body and (event is None or json.loads(body).get("event") == event)]


class MailSink:
    """As little of SMTP as a client needs."""

    def __init__(self, test):
        self.mails = []
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                def say(line):
                    self.wfile.write(line + b"\r\n")
                say(b"220 sink")
                to, data = [], None
                for raw in self.rfile:
                    line = raw.rstrip(b"\r\n")
                    if data is not None:
                        if line == b".":
                            sink.mails.append((to, b"\n".join(data).decode()))
                            data = None
                            say(b"250 taken")
                        else:
                            data.append(line)
                    elif line.upper().startswith(b"DATA"):
                        data = []
                        say(b"354 go on")
                    elif line.upper().startswith(b"QUIT"):
                        return say(b"221 bye")
                    else:
                        if line.upper().startswith(b"RCPT TO"):
                            to.append(line[8:].decode().strip("<>"))
                        say(b"250 fine")

        class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        test.addCleanup(self.server.server_close)
        test.addCleanup(self.server.shutdown)
        self.port = self.server.server_address[1]


BAD = """dag: bad
tasks:
  try: {run: 'exit 3', retries: {max: 1, delay: 50ms, jitter: none}}
"""
GOOD = """dag: good
alerts: [{events: [run_success], to: "webhook:ops"}]
tasks: {go: {run: 'true'}}
"""


class AlertTest(ServingTest):
    def config(self, events, extra="", to='["webhook:ops"]'):
        self.sink = Sink(self)
        (self.folder / "secrets").write_text("HOOK_KEY=a-key-of-many-letters\n")
        (self.folder / "secrets").chmod(0o600)
        self.write("baton.yaml", f"alerts: [{{events: {events}, to: {to}}}]\n"
                   f"receivers:\n  ops: {{url: \"{self.sink.url}\", secret: HOOK_KEY, allow_private: true}}\n{extra}")

    def serve(self):
        self.process = self.begin("server", "--listen", "127.0.0.1:0", "--dags", "dags", "--secrets", "secrets")
        self.until(lambda: self.server_info().get("pid") == self.process.pid, "the server's address")
        self.url = self.server_info()["url"]
        self.token = (self.folder / ".baton" / "admin.token").read_text().strip()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)
        (self.folder / ".baton" / "server.json").unlink(missing_ok=True)

    def alerts(self, query=""):
        return self.ask("GET", "/api/v2/alerts?limit=100" + query)[1]["alerts"]

    def all_settled(self):
        return all(one["state"] == "delivered" for one in self.alerts())


class Webhooks(AlertTest):
    def test_a_failure_is_told_once_signed_and_a_retry_is_none(self):
        self.config("[run_failed, task_failed, run_success, dead_letter]")
        self.save("bad.yaml", BAD)
        self.save("good.yaml", GOOD)
        self.serve()
        self.until_dag("good")
        self.until_dag("bad")
        self.baton("trigger", "bad", "--run-id", "r", "--wait", code=1)
        self.baton("trigger", "good", "--run-id", "s", "--wait")
        self.until(lambda: len(self.sink.taken()) >= 4, "the news")
        self.assertEqual(["dead_letter", "run_failed", "run_success", "task_failed"],
                         sorted(one["event"] for one in self.sink.taken()))
        failed = self.sink.taken("run_failed")[0]
        self.assertEqual(("bad/r", "bad", "r"), tuple(failed[name] for name in ("object", "dag_id", "run_id")))
        self.assertEqual(2, self.sink.taken("task_failed")[0]["try_number"])
        for _, headers, body, _ in self.sink.got:
            self.assertEqual(json.loads(body)["id"], headers["Baton-Id"])
            at, signature = (part.split("=", 1)[1] for part in headers["Baton-Signature"].split(","))
            wanted = hmac.new(b"a-key-of-many-letters", f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
            self.assertEqual(wanted, signature)
        self.until(self.all_settled, "what was told is written")
        self.assertIn("run_failed", self.baton("alert", "ls").stdout)
        self.assertEqual(1, len(self.json("alert", "ls", "--event", "run_success")["alerts"]))

    def test_scenario_10_a_kill_and_a_pause_tell_each_change_once(self):
        self.config("[run_failed, task_failed, sla_missed, dag_paused]")
        self.save("early.yaml", "dag: early\nsla: 1s\ntasks: {t: {run: 'exit 1'}}\n")
        self.save("held.yaml", "dag: held\ntasks: {t: {run: 'touch begun; while ! [ -e go ]; do sleep 0.05; done'}}\n")
        self.save("late.yaml", "dag: late\nsla: 1s\ntasks: {t: {run: 'while ! [ -e end ]; do sleep 0.05; done'}}\n")
        self.save("pauses.yaml", "dag: pauses\nmax_consecutive_failed_runs: 1\ntasks: {t: {run: 'exit 1'}}\n")
        self.serve()
        for dag in ("early", "held", "late", "pauses"):
            self.until_dag(dag)
        self.baton("trigger", "early", "--run-id", "r", "--wait", code=1)
        self.baton("trigger", "late", "--run-id", "l")
        self.baton("trigger", "held", "--run-id", "h")
        self.until((self.folder / "dags" / "begun").exists, "the task")
        self.kill()
        self.serve()
        (self.folder / "dags" / "go").touch()
        self.until(lambda: self.runs("held")[0]["state"] == "success", "the task that outlives the server")
        self.until(lambda: self.sink.taken("sla_missed"), "the run that never ends")
        self.until_dag("pauses")
        self.ask("POST", "/api/v2/dags/pauses/dagRuns", {"logical_date": None})
        self.until(lambda: self.dag("pauses")[1]["is_paused"] or self.runs("pauses")[0]["state"] == "failed", "the run")
        (self.folder / "dags" / "end").touch()
        self.until(lambda: self.runs("late")[0]["state"] == "success", "the late one")
        self.baton("dag", "pause", "early", "--why", "x")
        self.until(lambda: any(one["object"] == "early" for one in self.sink.taken("dag_paused")), "the pause")
        self.until(self.all_settled, "the end of all telling")
        told = [(one["event"], one["object"]) for one in self.sink.taken()]
        self.assertEqual(len(told), len(set(told)), told)
        self.assertEqual(["late/l"], [one["object"] for one in self.sink.taken("sla_missed")])
        self.assertIn(("run_failed", "early/r"), told)
        self.assertNotIn(("task_failed", "held/h/t"), told)

    def test_a_run_that_waits_for_its_turn_is_late_also_after_a_kill(self):
        self.config("[sla_missed]")
        self.save("one.yaml", "dag: one\nmax_active_runs: 1\nsla: {within: 4s, from: queued}\n"
                              "tasks: {t: {run: 'while ! [ -e end ]; do sleep 0.05; done'}}\n")
        self.serve()
        self.until_dag("one")
        for run in ("first", "second", "third"):
            self.baton("trigger", "one", "--run-id", run)
        self.baton("stop", "third")  # it never begins, and is not late
        self.kill()
        self.serve()
        self.until(lambda: len(self.sink.taken("sla_missed")) == 2, "both are told of")
        told = {one["object"]: one["note"] for one in self.sink.taken("sla_missed")}
        self.assertEqual({"one/first", "one/second"}, set(told))
        self.assertIn("has not begun", told["one/second"])
        (self.folder / "dags" / "end").touch()

    def test_a_run_is_at_risk_before_it_is_late_and_an_asset_grows_stale_also_after_a_kill(self):
        self.config("[sla_at_risk, sla_recovered, asset_at_risk, asset_stale]")
        self.save("slow.yaml", "dag: slow\nsla: 1h\nassets: {orders: {uri: 's3://lake/orders', fresh_within: 4s}}\n"
                               "tasks: {t: {run: 'sleep 1.1', produces: orders}}\n")
        self.serve()
        self.until_dag("slow")
        self.baton("trigger", "slow", "--run-id", "before", "--wait")  # how long one takes
        self.save("slow.yaml", "dag: slow\nsla: 1s\nassets: {orders: {uri: 's3://lake/orders', fresh_within: 4s}}\n"
                               "tasks: {t: {run: 'sleep 0.1', produces: orders}}\n")
        self.until(lambda: len(self.ask("GET", "/api/v2/dags/slow/dagVersions")[1]["dag_versions"]) == 2, "the edit")
        self.baton("trigger", "slow", "--run-id", "short", "--wait")
        self.kill()
        self.serve()
        self.until(lambda: self.sink.taken("asset_stale"), "the asset")
        self.until(self.all_settled, "the end of all telling")
        told = [(one["event"], one["object"]) for one in self.sink.taken()]
        self.assertEqual(len(told), len(set(told)), told)
        self.assertIn(("asset_stale", "orders"), told)
        risks = [one for one in told if one[0].startswith("sla_")]  # the beat may come after the short one has ended
        self.assertIn(risks, ([], [("sla_at_risk", "slow/short"), ("sla_recovered", "slow/short")]))

    def test_a_receiver_that_fails_hangs_or_drops_is_told_again_under_the_same_id_and_holds_up_nobody(self):
        other = Sink(self)
        self.config("[run_failed]", f"  slow: {{url: \"{other.url}\", allow_private: true}}\n",
                    '["webhook:ops", "webhook:slow"]')
        other.answers = ["hang", "hang"]
        self.sink.answers = [500, "drop"]
        self.save("bad.yaml", BAD)
        self.serve()
        self.until_dag("bad")
        self.baton("trigger", "bad", "--run-id", "r", "--wait", code=1)
        self.until(lambda: self.sink.taken(), "the third try")
        self.assertEqual(1, len({headers["Baton-Id"] for _, headers, _, _ in self.sink.got}))
        self.assertEqual(3, len(self.sink.got))
        self.assertEqual([], other.taken())
        self.kill()  # while one hangs
        self.serve()
        self.until(lambda: other.taken(), "the one that hung")
        self.assertEqual({one["id"] for one in self.sink.taken()}, {one["id"] for one in other.taken()})
        self.until(self.all_settled, "both")
        self.assertLessEqual(len(self.sink.taken()), 2)  # twice where the server died before it had written the first

    def test_no_private_address_and_no_redirect_unless_it_is_allowed(self):
        self.config("[run_failed]", f"  inside: {{url: \"{Sink(self).url}\"}}\n"
                    "  named: {url: \"http://localhost:9/\"}\n  mapped: {url: \"http://[::ffff:127.0.0.1]:9/\"}\n"
                    "  moved: {url: \"" + "URL" + "\", allow_private: true}\n")
        text = (self.folder / "baton.yaml").read_text().replace("URL", self.sink.url)
        self.write("baton.yaml", text)
        self.serve()
        for name in ("inside", "named", "mapped"):
            status, answer = self.ask("POST", "/api/v2/alerts:test", {"to": f"webhook:{name}"})
            self.assertEqual((200, False), (status, answer["delivered"]))
            self.assertIn("private network", answer["error"], name)
        self.sink.answers = [302]
        self.assertIn("302", self.ask("POST", "/api/v2/alerts:test", {"to": "webhook:moved"})[1]["error"])
        self.assertEqual(["/hook"], [path for path, _, _, _ in self.sink.got])
        self.assertIn("names no receiver", self.baton("alert", "test", "webhook:nobody", code=7).stderr)
        self.assertIn("has taken", self.baton("alert", "test", "webhook:ops").stdout)


class OtherWays(AlertTest):
    def test_slack_mail_and_a_command_are_told_too(self):
        mail = MailSink(self)
        slack = Sink(self)
        self.config("[run_failed]", f"  team: {{url: \"{slack.url}\", allow_private: true}}\n"
                    f"  pager: {{command: [sh, -c, 'cat > {self.folder}/paged; echo $BATON_ALERT_EVENT >> {self.folder}/paged']}}\n"
                    f"smtp: {{url: \"smtp://127.0.0.1:{mail.port}\", from: baton@example.org, tls: false}}\n",
                    '["slack:team", "mail:ops@example.org", "command:pager"]')
        self.save("bad.yaml", BAD)
        self.serve()
        self.until_dag("bad")
        self.baton("trigger", "bad", "--run-id", "r", "--wait", code=1)
        self.until(lambda: len(self.alerts()) == 3 and self.all_settled(), "all three")
        self.assertIn("run failed: bad/r", json.loads(slack.got[0][2])["text"])
        to, text = mail.mails[0]
        self.assertEqual(["ops@example.org"], to)
        self.assertIn("Subject: run failed: bad/r", text)
        paged = (self.folder / "paged").read_text()
        self.assertIn('"event":"run_failed"', paged)
        self.assertTrue(paged.rstrip().endswith("run_failed"))

    def test_breakers_and_the_dead_mans_switch(self):
        self.config("[breaker_opened, breaker_closed]",
                    "breakers: {api: {consecutive: 1, cooldown: 1h}}\n")
        watch = Sink(self)
        text = (self.folder / "baton.yaml").read_text()
        self.write("baton.yaml", text + f"dead_man: {{url: \"{watch.url}\", every: 1s, allow_private: true}}\n")
        self.serve()
        self.until(lambda: len(watch.got) >= 2, "signs of life")
        self.baton("breaker", "trip", "api", "--why", "moved")
        self.until(lambda: self.sink.taken("breaker_opened"), "the opening")
        self.baton("breaker", "reset", "api")
        self.until(lambda: self.sink.taken("breaker_closed"), "the closing")
        self.assertEqual("api", self.sink.taken("breaker_opened")[0]["object"])


if __name__ == "__main__":
    unittest.main()
