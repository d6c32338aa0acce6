"""Who may, over the whole description: each operation with each kind of caller; logging in; the secrets' files."""

import http.client
import json
import os
import re
import socket
import stat
import subprocess
import tempfile
import unittest
import urllib.parse

SERVER = os.environ.get("API_SERVER", "build/quick/tests/api_server")


class ApiTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.start()

    def start(self):
        self.server = subprocess.Popen([SERVER, self.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                       stderr=subprocess.PIPE)
        self.addCleanup(self.end, self.server)
        self.port = int(self.server.stdout.readline().rsplit(":", 1)[1])
        self.login_path = self.server.stdout.readline().strip()
        with open(os.path.join(self.folder, "admin.token"), encoding="utf-8") as file:
            self.token = file.read().strip()

    def end(self, server):
        if server.poll() is None:
            server.stdin.close()
            self.assertEqual(server.wait(timeout=30), 0)
        server.stdout.close()
        server.stderr.close()

    def ask(self, method, path, body=None, connection=None, **headers):
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        data = response.read()
        connection.close()
        response.body = json.loads(data) if data and "json" in response.headers.get("content-type", "") else data
        return response

    def description(self):
        return self.ask("GET", "/openapi.json").body

    def admin(self):
        return {"Authorization": f"Bearer {self.token}"}


class Matrix(ApiTest):
    """Made from the description: a route that forgets who may is found here without anybody thinking of it."""

    def operations(self):
        for path, methods in self.description()["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), re.sub(r"\{\w+\}", "x", path), operation

    def test_nobody_gets_in_but_where_anyone_may(self):
        callers = ({}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer bat_" + "0" * 64}, {"Cookie": "baton_01234567=x.y.z"},
                   {"Authorization": "Basic YWRtaW46YWRtaW4="}, {"Authorization": "Bearer " + "x" * 64})
        seen = 0
        for method, path, operation in self.operations():
            for caller in callers:
                status = self.ask(method, path, **caller).status
                if operation["x-role"] == "anyone":
                    self.assertNotEqual(status, 403, (method, path, caller))
                    self.assertFalse(status == 401 and "login" not in path, (method, path, caller))
                else:
                    self.assertEqual(status, 401, (method, path, caller))
                seen += 1
        self.assertGreater(seen, 50)

    def test_the_admin_gets_in_everywhere(self):
        for method, path, operation in self.operations():
            if "text/event-stream" in operation["responses"].get("200", {}).get("content", {}):
                continue  # it does not end
            response = self.ask(method, path, **self.admin())
            self.assertNotEqual(response.status, 401 if operation["x-role"] != "anyone" else None, (method, path))
            self.assertIn(str(response.status), [*operation["responses"], "422"], (method, path, response.body))

    def test_tricks_with_paths_find_no_way_around(self):
        for path in ("/api/v2/plugins/", "/api/v2//plugins", "/api/v2/./plugins", "/api/v2/x/../plugins", "/API/v2/plugins",
                     "/api/v2/plugins;x", "/api/v2/plugins%2f", "/api/v2/version/../plugins", "/api/v2/version%2f..%2fplugins",
                     "/api/v2/plugins%00", "/api/v2/plugins/configs"):
            self.assertIn(self.ask("GET", path).status, (400, 401, 404), path)

    def test_unknown_words_and_methods(self):
        response = self.ask("GET", "/api/v2/plugins?limti=5", **self.admin())
        self.assertEqual(response.status, 422)
        self.assertEqual(response.body["detail"][0]["loc"], ["query", "limti"])
        self.assertEqual(response.headers["content-type"], "application/json")
        self.assertEqual(self.ask("GET", "/api/v2/plugins?limit=", **self.admin()).status, 422)
        response = self.ask("DELETE", "/api/v2/plugins", **self.admin())
        self.assertEqual((response.status, response.headers["allow"]), (405, "OPTIONS, GET, HEAD"))
        self.assertEqual(self.ask("GET", "/api/v2/config", **self.admin()).status, 403)


class Login(ApiTest):
    def test_a_token_by_json_and_by_form(self):
        by_json = self.ask("POST", "/auth/token", json.dumps({"username": "admin", "password": self.token}),
                           Content_Type="application/json")
        form = urllib.parse.urlencode({"username": "admin", "password": self.token})
        by_form = self.ask("POST", "/auth/token", form, Content_Type="application/x-www-form-urlencoded")
        for response in (by_json, by_form, self.ask("POST", "/auth/token/cli", json.dumps({"username": "admin", "password": self.token}))):
            self.assertEqual(response.status, 201)
            token = {"Authorization": f"Bearer {response.body['access_token']}"}
            self.assertEqual(self.ask("GET", "/auth/session", **token).body["role"], "admin")

    def test_guessing_is_slowed(self):
        statuses = [self.ask("POST", "/auth/token", json.dumps({"username": "admin", "password": f"guess{n}"})).status for n in range(7)]
        self.assertEqual(statuses, [401] * 5 + [429] * 2)

    def test_a_link_opens_one_session_whose_changes_need_a_token(self):
        response = self.ask("GET", self.login_path)
        self.assertEqual((response.status, response.headers["location"]), (303, "../"))
        cookie = response.headers["set-cookie"]
        for attribute in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(attribute, cookie)
        self.assertEqual(self.ask("GET", self.login_path).status, 401)
        session = {"Cookie": cookie.split(";")[0]}
        who = self.ask("GET", "/auth/session", **session)
        self.assertEqual(who.body["via"], "page")
        self.assertEqual(self.ask("POST", "/auth/logout", **session).status, 403)
        self.assertEqual(self.ask("POST", "/auth/logout", X_CSRF_Token=who.body["csrf_token"], **session).status, 204)

    def test_a_token_opens_a_session_of_the_page(self):
        wrong = self.ask("POST", "/auth/session", json.dumps({"username": "admin", "password": "guess"}))
        self.assertEqual((wrong.status, wrong.headers["set-cookie"]), (401, None))
        right = self.ask("POST", "/auth/session", json.dumps({"username": "admin", "password": self.token}))
        self.assertEqual(right.status, 204)
        self.assertIn("HttpOnly; SameSite=Strict", right.headers["set-cookie"])
        who = self.ask("GET", "/auth/session", Cookie=right.headers["set-cookie"].split(";")[0]).body
        self.assertEqual((who["role"], who["via"], len(who["csrf_token"])), ("admin", "page", 32))

    def test_anyone_may_load_the_page_and_its_parts(self):
        for path in ("/", "/dags", "/dags/a/runs/b/tasks/c/3", "/audit"):
            page = self.ask("GET", path)
            self.assertEqual((page.status, page.headers["content-type"]), (200, "text/html; charset=utf-8"), path)
            self.assertIn("script-src 'self';", page.headers["content-security-policy"])
        for path in ("/assets/nothing.js", "/assets/..%2findex.html", "/nothing"):
            self.assertIn(self.ask("GET", path).status, (400, 404), path)

    def test_tokens_and_sessions_survive_a_restart(self):
        token = self.ask("POST", "/auth/token", json.dumps({"username": "admin", "password": self.token})).body["access_token"]
        cookie = self.ask("GET", self.login_path).headers["set-cookie"].split(";")[0]
        self.end(self.server)
        self.start()
        self.assertEqual(self.ask("GET", "/auth/session", Authorization=f"Bearer {token}").status, 200)
        self.assertEqual(self.ask("GET", "/auth/session", Cookie=cookie).status, 200)

    def test_the_secrets_are_the_owners_alone(self):
        for name in ("admin.token", "token.key", "control.sock"):
            mode = os.stat(os.path.join(self.folder, name)).st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o600, name)
        os.chmod(os.path.join(self.folder, "token.key"), 0o644)
        second = subprocess.run([SERVER, self.folder], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(second.returncode, 2)
        self.assertIn("0600", second.stderr)

    def test_over_the_socket_no_token_is_needed(self):
        connection = http.client.HTTPConnection("baton")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(os.path.join(self.folder, "control.sock"))
        who = self.ask("GET", "/auth/session", connection=connection)
        self.assertEqual((who.body["name"], who.body["role"], who.body["via"]), (f"uid:{os.getuid()}", "admin", "socket"))


class System(ApiTest):
    def test_version_is_public_whatever_the_header_says(self):
        for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer x"}):
            response = self.ask("GET", "/api/v2/version", **headers)
            self.assertEqual((response.status, response.body), (200, {"version": "3.3.2", "git_version": "baton 0 test"}))

    def test_ready_or_not(self):
        self.assertEqual(self.ask("GET", "/readyz").status, 200)
        self.server.stdin.write("unready\n")
        self.server.stdin.flush()
        self.server.stdout.readline()
        response = self.ask("GET", "/readyz")
        self.assertEqual((response.status, response.body["detail"]), (503, "the scheduler does not turn"))
        self.assertEqual(self.ask("GET", "/healthz").status, 200)
        health = self.ask("GET", "/api/v2/monitor/health")
        self.assertEqual((health.status, health.body["scheduler"]["status"]), (200, "unhealthy"))

    def test_metrics(self):
        text = self.ask("GET", "/metrics", **self.admin()).body.decode()
        self.assertRegex(text, r"(?m)^baton_ready 1$")
        self.assertRegex(text, r"(?m)^baton_http_requests_total \d+$")

    def test_the_description_has_an_etag(self):
        first = self.ask("GET", "/api/v2/openapi.json")
        self.assertEqual(first.body["openapi"], "3.1.0")
        self.assertEqual(self.ask("GET", "/api/v2/openapi.json", If_None_Match=first.headers["etag"]).status, 304)


if __name__ == "__main__":
    unittest.main()
