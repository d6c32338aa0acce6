"""What tests of `baton server` have in common: a server on a free port over the test's folder, and requests to it."""
import json
import urllib.error
import urllib.request

from support import WAIT_SECONDS, CliTest


class ServingTest(CliTest):
    def serve(self, *flags):
        self.process = self.begin("server", "--listen", "127.0.0.1:0", "--dags", "dags", *flags)
        self.until(lambda: self.server_info().get("pid") == self.process.pid, "the server's address")
        self.url = self.server_info()["url"]
        self.token = (self.folder / ".baton" / "admin.token").read_text().strip()

    def server_info(self):
        try:
            return json.loads((self.folder / ".baton" / "server.json").read_text())
        except FileNotFoundError:
            return {}

    def ask(self, method, path, body=None, token=None, **headers):
        """(status, document) of one request."""
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", "Bearer " + (token or self.token))
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
                text = answer.read() or b"null"
                is_json = "json" in (answer.headers["Content-Type"] or "json")
                return answer.status, json.loads(text) if is_json else text.decode()
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def etag(self, path):
        request = urllib.request.Request(self.url + path, headers={"Authorization": "Bearer " + self.token})
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
            return answer.headers["ETag"]

    def dag(self, dag_id):
        return self.ask("GET", f"/api/v2/dags/{dag_id}")

    def until_dag(self, dag_id):
        self.until(lambda: self.dag(dag_id)[0] == 200, f"the DAG {dag_id}")

    def runs(self, dag_id):
        return self.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns?order_by=run_after&limit=100")[1]["dag_runs"]

    def save(self, name, text):
        (self.folder / "dags").mkdir(exist_ok=True)
        self.write("dags/" + name, text)
