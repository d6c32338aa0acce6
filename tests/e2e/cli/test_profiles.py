"""Profiles of baton.yaml: what is different in each place where the same DAGs run."""
import unittest

from serving import ServingTest

DAG = ("dag: d\nparams: {region: {type: string, default: none}, n: {type: integer, default: 1}}\n"
       "env: {LAKE: file:///tmp, TABLE: \"${{ env.LAKE }}/orders\"}\ntasks:\n"
       "  t:\n    env: {REGION: \"${{ params.region }}\", KEY: {secret: key}}\n"
       "    run: echo \"$REGION $TABLE $KEY\" >> seen\n")
CONFIG = ("profile: dev\nprofiles:\n  dev: {params: {region: local}}\n"
          "  prod:\n    params: {region: eu}\n    env: {LAKE: \"s3://prod\"}\n    secrets: {key: key_prod}\n"
          "    pools: {door: 2}\n")
SECRETS = {"BATON_SECRET_KEY": "dev-secret", "BATON_SECRET_KEY_PROD": "prod-secret"}


class Profiles(ServingTest):
    def seen(self, folder="."):
        return (self.folder / folder / "seen").read_text().splitlines()

    def labels(self, run="@latest"):
        return self.json("show", run)["labels"]

    def test_a_run_here_is_made_under_the_profile_that_is_named(self):
        self.write("d.yaml", DAG)
        self.write("baton.yaml", CONFIG)
        self.baton("run", "d.yaml", "--run-id", "dev")
        self.baton("run", "d.yaml", "--run-id", "prod", "--profile", "prod")
        self.baton("run", "d.yaml", "--run-id", "env", BATON_PROFILE="prod")
        self.baton("run", "d.yaml", "--run-id", "given", "-p", "region=us", "--profile", "prod")
        self.assertEqual(["local file:///tmp/orders dev-secret", "eu s3://prod/orders prod-secret",
                          "eu s3://prod/orders prod-secret", "us s3://prod/orders prod-secret"], self.seen())
        self.assertEqual({"profile": "dev"}, self.labels("dev"))
        self.assertEqual({"profile": "prod"}, self.labels("given"))
        self.assertEqual(3, len(self.json("ls", "--label", "profile=prod")["dag_runs"]))

    def test_a_retry_goes_on_under_the_profile_that_the_run_had(self):
        self.write("d.yaml", DAG.replace(">> seen", ">> seen; test -e ok"))
        self.write("baton.yaml", CONFIG)
        self.baton("run", "d.yaml", "--profile", "prod", code=1)
        (self.folder / "ok").touch()
        self.baton("retry", "@latest", "--profile", "prod")
        self.assertEqual(["eu s3://prod/orders prod-secret"] * 2, self.seen())

    def test_what_does_not_fit_is_told(self):
        self.write("d.yaml", DAG)
        self.assertIn("no baton.yaml", self.baton("run", "d.yaml", "--profile", "prod", code=2).stderr)
        self.write("baton.yaml", CONFIG)
        self.assertIn('did you mean "prod"', self.baton("run", "d.yaml", "--profile", "prd", code=2).stderr)
        self.write("baton.yaml", CONFIG.replace("{region: local}", "{n: many}"))
        self.assertIn("profile \"dev\" gives \"n\"", self.baton("validate", "d.yaml", code=2).stdout
                      + self.baton("validate", "d.yaml", code=2).stderr)
        self.write("baton.yaml", CONFIG.replace("s3://prod", "${{ 1 }}"))
        self.baton("run", "d.yaml", "--profile", "prod", code=2)
        self.write("baton.yaml", CONFIG.replace("params: {region: eu}", "parms: {region: eu}"))
        self.assertIn("params", self.baton("run", "d.yaml", "--profile", "prod", code=2).stderr)

    def environment(self, **extra):
        return super().environment(**{**SECRETS, **extra})

    def serve_under(self, profile):
        self.process = self.begin("server", "--listen", "127.0.0.1:0", "--dags", "dags", "--profile", profile)
        self.until(lambda: self.server_info().get("pid") == self.process.pid, "the server's address")
        self.url = self.server_info()["url"]
        self.token = (self.folder / ".baton" / "admin.token").read_text().strip()

    def test_a_server_under_another_profile_reads_its_dags_anew(self):
        self.save("d.yaml", DAG)
        self.write("baton.yaml", CONFIG)
        self.serve_under("dev")
        self.until_dag("d")
        self.baton("trigger", "d", "--wait")
        self.process.terminate()
        self.process.wait()
        self.serve_under("prod")
        self.until(lambda: self.ask("GET", "/api/v2/dags/d/details")[1].get("params", {}).get("region", {}).get("value")
                   == "eu", "the DAG of the other profile")
        self.baton("trigger", "d", "--wait")
        self.write("baton.yaml", CONFIG.replace("region: eu", "region: ap"))
        self.until(lambda: self.ask("GET", "/api/v2/dags/d/details")[1]["params"]["region"]["value"] == "ap",
                   "what baton.yaml says now")
        self.baton("trigger", "d", "--wait")
        self.assertEqual(["local file:///tmp/orders dev-secret", "eu s3://prod/orders prod-secret",
                          "ap s3://prod/orders prod-secret"], self.seen("dags"))


if __name__ == "__main__":
    unittest.main()
