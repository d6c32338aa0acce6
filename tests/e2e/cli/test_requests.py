"""What a run lacks is known before its first task: refused with exit code 2, and nothing has begun."""
import unittest

from support import CliTest

SECRETS = """\
dag: wants
tasks:
  first: {run: touch began}
  later:
    needs: [first]
    env: {TOKEN: {secret: api-token}}
    run: '[ "$TOKEN" = sesame ] || exit 3; [ -e fixed ]'
"""
PARAMS = "dag: large\nparams:\n  p: {type: string, default: ''}\ntasks:\n  t: {run: touch began}\n"


class WhatARunLacks(CliTest):
    def check_refused(self, done, *words):
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertFalse((self.folder / "began").exists(), "a task has begun")

    def test_a_missing_secret(self):
        self.write("wants.yaml", SECRETS)
        self.check_refused(self.baton("run", "wants.yaml", code=2), "api-token", "BATON_SECRET_API_TOKEN", "later")

    def test_a_missing_secret_of_a_task_that_is_left_out_is_none(self):
        self.write("wants.yaml", SECRETS)
        self.baton("run", "wants.yaml", "--task", "first")

    def test_a_missing_secret_when_a_run_goes_on(self):
        self.write("wants.yaml", SECRETS)
        self.baton("run", "wants.yaml", code=1, BATON_SECRET_API_TOKEN="sesame")
        (self.folder / "began").unlink()
        self.check_refused(self.baton("retry", "@latest", code=2), "BATON_SECRET_API_TOKEN")
        (self.folder / "fixed").touch()
        self.assertEqual(self.json("show", "@latest")["state"], "failed")
        self.baton("retry", "@latest", BATON_SECRET_API_TOKEN="sesame")

    def test_params_above_100_kib(self):
        self.write("large.yaml", PARAMS)
        self.baton("run", "large.yaml", "-p", "p=" + "x" * (99 * 1024))
        (self.folder / "began").unlink()
        self.check_refused(self.baton("run", "large.yaml", "-p", "p=" + "x" * (100 * 1024), code=2), "102400")


if __name__ == "__main__":
    unittest.main()
