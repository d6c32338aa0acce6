"""`baton context`: a server of another machine, by its address and a token from a file."""
import json
import unittest

from test_serving import ASKED_FOR, ServingTest


class Contexts(ServingTest):
    def environment(self, **extra):
        return super().environment(HOME=str(self.folder / "home"), **extra)

    def test_commands_ask_the_server_in_use(self):
        self.save("asked.yaml", ASKED_FOR)
        self.serve()
        self.until_dag("asked")
        elsewhere = str(self.folder / "elsewhere")
        self.write("token", self.token + "\n")
        self.baton("context", "add", "prod", self.url, "--token-file", "token")
        self.assertEqual([("local", True), ("prod", False)], self.listed())
        self.baton("context", "use", "prod")
        self.assertEqual([("local", False), ("prod", True)], self.listed())
        run = self.json("trigger", "asked", "-p", "n=5", "--wait", BATON_STATE=elsewhere)
        self.assertEqual(("success", {"n": 5}), (run["state"], run["conf"]))
        self.assertEqual("admin", self.ask("GET", "/api/v2/eventLogs?event=trigger")[1]["event_logs"][0]["owner"])
        self.baton("trigger", "asked", "--state", elsewhere, code=7)
        self.baton("context", "use", "local")
        self.baton("trigger", "asked", code=7, BATON_STATE=elsewhere)

    def json(self, *words, code=0, **extra):
        return json.loads(self.baton(*words, "-o", "json", code=code, **extra).stdout)

    def listed(self):
        return [(one["name"], one["in_use"]) for one in self.json("context", "ls")["contexts"]]

    def test_what_is_no_server_or_has_no_right_is_told_apart(self):
        self.serve()
        self.baton("context", "use", "nobody", code=3)
        self.baton("context", "add", "x", "ftp://there", code=2)
        self.baton("context", "add", "local", self.url, code=2)
        self.baton("context", "add", "x", self.url, "--token-file", "missing", code=3)
        self.write("token", "wrong\n")
        self.baton("context", "add", "x", self.url, "--token-file", "token")
        self.baton("trigger", "asked", code=4, BATON_CONTEXT="x")
        self.baton("context", "add", "gone", "http://127.0.0.1:1")
        self.baton("trigger", "asked", code=7, BATON_CONTEXT="gone")


if __name__ == "__main__":
    unittest.main()
