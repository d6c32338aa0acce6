"""Who may do what over the API: each operation of the description against each role, and tokens with scopes and an end."""
import re
import unittest

from serving import ServingTest

ROLES = ("viewer", "operator", "editor", "admin")
DAG = "dag: d\ntasks:\n  t: {run: echo t}\n"
STREAMS = {"get_events"}
REFUSED_TO_ALL = {"get_config", "get_config_value"}


class Roles(ServingTest):
    def setUp(self):
        super().setUp()
        self.save("d.yaml", DAG)
        self.serve()
        self.until_dag("d")

    def make_token(self, name, role, **more):
        status, made = self.ask("POST", "/api/v2/tokens", {"name": name, "role": role, **more})
        self.assertEqual(201, status, made)
        return made

    def operations(self):
        document = self.ask("GET", "/openapi.json")[1]
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), re.sub(r"\{\w+\}", "nobody", path), operation

    def test_each_operation_wants_the_role_that_its_description_says(self):
        tokens = {role: self.make_token(role, role)["token"] for role in ROLES}
        checked = 0
        for method, path, operation in self.operations():
            wanted, name = operation["x-role"], operation["operationId"]
            if wanted == "anyone":
                continue
            body = {} if "requestBody" in operation else None
            self.assertEqual(401, self.ask(method, path, body, token="bat_" + "0" * 64)[0], name)
            for role in ROLES:
                may = ROLES.index(role) >= ROLES.index(wanted)
                if may and name in STREAMS | REFUSED_TO_ALL:
                    continue
                status, answer = self.ask(method, path, body, token=tokens[role])
                self.assertEqual(may, status not in (401, 403), (name, role, status, answer))
                self.assertLess(status, 500, (name, role, answer))
                checked += 1
        self.assertGreater(checked, 200)

    def test_a_token_is_for_its_scopes_until_it_ends(self):
        made = self.make_token("reader", "admin", scopes=["run:read"])
        token = made["token"]
        self.assertTrue(token.startswith("bat_"))
        self.assertEqual(200, self.ask("GET", "/api/v2/dags/d/dagRuns", token=token)[0])
        self.assertEqual(403, self.ask("POST", "/api/v2/dags/d/dagRuns", {}, token=token)[0])
        self.assertEqual(403, self.ask("GET", "/api/v2/dags", token=token)[0])
        login = {"username": "reader", "password": token}
        self.assertEqual(403, self.ask("POST", "/auth/token", login)[0], "it would be worth more then")
        listed = self.ask("GET", "/api/v2/tokens")[1]["tokens"]
        self.assertEqual(["run:read"], listed[0]["scopes"])
        self.assertNotIn("token", listed[0])
        self.assertEqual(204, self.ask("DELETE", f"/api/v2/tokens/{made['token_id']}")[0])
        self.assertEqual(401, self.ask("GET", "/api/v2/dags/d/dagRuns", token=token)[0])
        self.assertEqual(422, self.ask("POST", "/api/v2/tokens", {"name": "old", "role": "viewer",
                                                                   "expires_at": "2001-01-01T00:00:00Z"})[0])

    def test_nobody_makes_a_token_that_may_more_than_he(self):
        editor = self.make_token("editor", "editor")["token"]
        self.assertEqual(403, self.ask("POST", "/api/v2/tokens", {"name": "x", "role": "viewer"}, token=editor)[0])
        login = self.ask("POST", "/auth/token", {"username": "editor", "password": editor})
        self.assertEqual(201, login[0])
        self.assertEqual(200, self.ask("GET", "/api/v2/dags", token=login[1]["access_token"])[0])


if __name__ == "__main__":
    unittest.main()
