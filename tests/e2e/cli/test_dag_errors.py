"""Files of a server's folder that do not read: said in its log, listed on the command line, and gone when mended."""
import os
import unittest

from serving import ServingTest

GOOD = "dag: etl\ntasks: {a: {run: 'true'}}\n"
BAD = "dag: etl\ncatchup: latest\ntasks: {a: {run: 'true'}}\n"


class DagErrors(ServingTest):
    def errors(self, **environment):
        return self.json("dag", "errors", **environment)["import_errors"]

    def test_a_broken_file_is_told_of_and_its_last_version_goes_on(self):
        self.save("etl.yaml", GOOD)
        self.serve()
        self.until_dag("etl")
        self.assertEqual([], self.errors())
        self.assertIn("every file of the folder reads", self.baton("dag", "errors").stderr)
        self.save("etl.yaml", BAD)
        self.save("other.yaml", "dag: other\ntasks: {x: {run: [}\n")
        self.until(lambda: len(self.errors()) == 2, "both are known")
        etl = next(one for one in self.errors() if one["filename"].endswith("etl.yaml"))
        self.assertEqual("unknown-key", etl["findings"][0]["rule"])
        shown = self.baton("dag", "errors").stdout
        self.assertIn('etl.yaml:2:1: error: unknown key "catchup" of DAG "etl"; it stands in "schedule"', shown)
        self.assertIn("| ^~~~~~~", shown)
        self.assertIn("other.yaml:", shown)
        listed = self.baton("dag", "ls")
        self.assertIn("file broken", listed.stdout)
        self.assertIn("2 files of the folder cannot be read as DAGs", listed.stderr)
        self.assertEqual("success", self.json("trigger", "etl", "--wait")["state"], "the last good version goes on")
        self.save("etl.yaml", GOOD)
        self.until(lambda: len(self.errors()) == 1, "it is mended")
        self.assertIn("a file of the folder cannot", self.baton("dag", "ls").stderr)
        os.unlink(self.folder / "dags" / "other.yaml")
        self.until(lambda: self.errors() == [], "it is gone")
        self.assertIn("active", self.baton("dag", "ls").stdout)
        self.process.terminate()
        out, err = self.process.communicate(timeout=60)
        told = [line for line in (out + err).splitlines() if "etl.yaml" in line]
        self.assertEqual(2, len(told), told)
        self.assertIn('error: unknown key "catchup"', told[0])
        self.assertIn("etl.yaml reads again", told[1])

    def test_a_server_that_begins_says_what_does_not_read(self):
        self.save("etl.yaml", BAD)
        for _ in range(2):  # read anew, and as it was left
            self.serve()
            self.until(lambda: len(self.errors()) == 1, "it is known")
            self.process.terminate()
            out, err = self.process.communicate(timeout=60)
            self.assertEqual(1, (out + err).count("etl.yaml:2:1: error"), out + err)


if __name__ == "__main__":
    unittest.main()
