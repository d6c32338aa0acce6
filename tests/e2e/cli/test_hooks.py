"""Messages of others that trigger a DAG: signed, young, each taken once; whoever cannot sign learns nothing."""
import hashlib
import hmac
import json
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from serving import ServingTest

CONFIG = """\
hooks:
  orders: {dag: ingest, secret: ORDERS_HOOK}
  pushes: {dag: deploy, secret: PUSH_HOOK, signature: github, param: event}
  blind: {dag: ingest, secret: NOBODY_HAS_SET_IT}
"""
INGEST = "dag: ingest\nparams: {day: {type: string}}\ntasks:\n  t: {run: 'echo ${{ params.day }}'}\n"
DEPLOY = "dag: deploy\nparams: {event: {type: object}}\ntasks:\n  t: {run: 'echo ${{ params.event.ref }}'}\n"
KEYS = {"ORDERS_HOOK": "orders-key-0123456789", "PUSH_HOOK": "push-key-0123456789"}


class Hooks(ServingTest):
    def begin_server(self):
        self.save("ingest.yaml", INGEST)
        self.save("deploy.yaml", DEPLOY)
        self.write("baton.yaml", CONFIG)
        for name, key in KEYS.items():
            self.write("value", key)
            self.baton("secret", "set", name, "--from-file", "value")
        self.serve()
        self.until_dag("ingest")
        self.until_dag("deploy")

    def post(self, hook, body, **headers):
        request = urllib.request.Request(f"{self.url}/hooks/{hook}", method="POST", data=body)
        request.add_header("Content-Type", "application/json")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def signed(self, body, key=KEYS["ORDERS_HOOK"], age=0):
        at = str(int(time.time()) - age)
        return {"Baton_Signature": f"t={at},v1=" + hmac.new(key.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()}

    def test_a_signed_message_triggers_its_dag_once(self):
        self.begin_server()
        body = b'{"day": "2026-01-01"}'
        headers = self.signed(body)
        status, run = self.post("orders", body, **headers)
        self.assertEqual((200, "ingest", {"day": "2026-01-01"}), (status, run["dag_id"], run["conf"]))
        self.assertEqual(run["dag_run_id"], self.post("orders", body, **headers)[1]["dag_run_id"], "a repetition")
        self.assertEqual(1, len(self.runs("ingest")))
        named = {**self.signed(body), "Baton_Id": "order-7"}
        first = self.post("orders", body, **named)[1]["dag_run_id"]
        later = {**self.signed(body, age=2), "Baton_Id": "order-7"}
        self.assertEqual(first, self.post("orders", body, **later)[1]["dag_run_id"], "its id is what it is known by")
        self.assertEqual(2, len(self.runs("ingest")))
        events = self.ask("GET", f"/api/v2/eventLogs?run_id={urllib.parse.quote(first)}")[1]["event_logs"]
        self.assertEqual(["hook:orders"], [e["owner"] for e in events if e["event"] == "trigger"])

    def test_who_cannot_sign_learns_nothing(self):
        self.begin_server()
        body = b'{"day": "2026-01-01"}'
        good = self.signed(body)
        refused = [self.post("orders", body), self.post("nobody", body, **good), self.post("blind", body, **self.signed(body, key="")),
                   self.post("orders", b'{"day": "2026-01-02"}', **good), self.post("orders", body, **self.signed(body, key="x")),
                   self.post("orders", body, **self.signed(body, age=400)), self.post("orders", body, **self.signed(body, age=-400)),
                   self.post("orders", body, Baton_Signature="t=x,v1="), self.post("orders", body, Baton_Signature=""),
                   self.post("pushes", body, **good)]
        self.assertEqual({401}, {status for status, _ in refused})
        self.assertEqual(1, len({answer["detail"] for _, answer in refused}))
        self.assertEqual(([], []), (self.runs("ingest"), self.runs("deploy")))

    def test_a_message_that_does_not_fit_the_params_is_refused(self):
        self.begin_server()
        for body in (b'{"day": 7}', b'{"other": "x"}', b'[1]'):
            self.assertEqual(422, self.post("orders", body, **self.signed(body))[0], body)

    def test_githubs_messages_are_params_as_a_whole(self):
        self.begin_server()
        body = b'{"ref": "refs/heads/main", "commits": []}'
        headers = {"X_Hub_Signature_256": "sha256=" + hmac.new(KEYS["PUSH_HOOK"].encode(), body, hashlib.sha256).hexdigest()}
        self.assertEqual(401, self.post("pushes", body, **headers)[0], "without an id it could come again")
        headers["X_GitHub_Delivery"] = "7e2a"
        status, run = self.post("pushes", body, **headers)
        self.assertEqual((200, "refs/heads/main"), (status, run["conf"]["event"]["ref"]))
        self.assertEqual(run["dag_run_id"], self.post("pushes", body, **headers)[1]["dag_run_id"])
        self.until(lambda: self.runs("deploy")[0]["state"] == "success", "the end")

    def test_a_hook_without_a_secret_or_a_dag_is_a_finding(self):
        self.write("baton.yaml", "hooks: {a: {dag: x}, b: {secret: S}, c: {dag: x, secret: S, signature: none}}\n")
        said = self.baton("validate", "baton.yaml", code=2).stdout
        for line in ('hook "a"', 'hook "b"', "github"):
            self.assertIn(line, said)


if __name__ == "__main__":
    unittest.main()
