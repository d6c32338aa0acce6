"""What the documents claim about the tree: links lead somewhere, files and tests that they name exist, and no key, rule
or command of the program is missing from its reference."""

import re
import unittest

from pages import ROOT, anchors, pages, prose

COLUMNS_MAX = 120
CODE_PATH = re.compile(r"`((?:scheduler|worker|cli|tests|dags|docs|cmake|bench)/[\w./{},*-]*|dev|CMake\w+\.\w+)`")
TEST_NAME = re.compile(r"`(\w+)\.(\w+)`")
TEST_DEFINITION = re.compile(r"TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)")


def source(path):
    file = ROOT / path
    return file.read_text(encoding="utf-8") if file.exists() else ""


def expand(path):
    """`a/{b,c}.h` as two paths."""
    if not (braces := re.search(r"\{([^}]*)\}", path)):
        return [path]
    return [p for part in braces.group(1).split(",")
            for p in expand(path[:braces.start()] + part + path[braces.end():])]


class Pages(unittest.TestCase):
    def test_relative_links_lead_to_a_page_and_its_heading(self):
        for page in pages():
            for number, line in prose(page):
                for target in re.findall(r"\]\(([^)\s]+)\)", line):
                    if re.match(r"[a-z]+:", target):
                        continue
                    path, _, anchor = target.partition("#")
                    file = (page.parent / path).resolve() if path else page
                    with self.subTest(f"{page.relative_to(ROOT)}:{number}", target=target):
                        self.assertTrue(file.exists())
                        if anchor and file.suffix == ".md":
                            self.assertIn(anchor, anchors(file))

    def test_files_that_are_named_exist(self):
        for page in pages():
            for number, line in prose(page):
                for path in (p for found in CODE_PATH.findall(line) for p in expand(found)):
                    with self.subTest(f"{page.relative_to(ROOT)}:{number}", path=path):
                        self.assertTrue(list(ROOT.glob(path.rstrip("/"))))

    def test_tests_that_are_named_exist(self):
        known = {f"{suite}.{name}" for file in (ROOT / "tests").rglob("*.cpp")
                 for suite, name in TEST_DEFINITION.findall(file.read_text(encoding="utf-8"))}
        suites = {name.split(".")[0] for name in known}
        for page in pages():
            for number, line in prose(page):
                for suite, name in TEST_NAME.findall(line):
                    if suite in suites:
                        with self.subTest(f"{page.relative_to(ROOT)}:{number}"):
                            self.assertIn(f"{suite}.{name}", known)

    def test_lines_are_not_too_long(self):
        for page in pages():
            for number, line in enumerate(page.read_text(encoding="utf-8").split("\n"), 1):
                if not line.startswith("|"):  # tables cannot be broken
                    with self.subTest(f"{page.relative_to(ROOT)}:{number}"):
                        self.assertLessEqual(len(line), COLUMNS_MAX)


class References(unittest.TestCase):
    def test_every_key_of_the_language_is_in_its_reference(self):
        page = (ROOT / "docs/dag-language.md").read_text(encoding="utf-8")
        rows = re.findall(r'^\s*\{"(\w+)", "([\w*]+)"', source("scheduler/dagfile/keys.cpp"), re.MULTILINE)
        for where, name in rows:
            if name != "*":
                with self.subTest(f"{where}.{name}"):
                    self.assertRegex(page, rf"\b{re.escape(name)}\b")

    def test_every_rule_of_the_diagnostics_is_in_its_reference(self):
        page = (ROOT / "docs/dag-language.md").read_text(encoding="utf-8")
        for rule in re.findall(r'\{Rule::\w+, "([a-z-]+)"', source("scheduler/dagfile/rules.cpp")):
            with self.subTest(rule):
                self.assertIn(f"`{rule}`", page)

    def test_every_function_of_expressions_is_in_its_reference(self):
        page = (ROOT / "docs/dag-language.md").read_text(encoding="utf-8")
        for name in re.findall(r'\{Function::\w+, "(\w+)"', source("scheduler/expr/functions.cpp")):
            with self.subTest(name):
                self.assertRegex(page, rf"\b{name}\b")

    def test_every_command_and_flag_is_in_the_reference_of_the_command_line(self):
        page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
        table = source("cli/command_table.cpp")
        for name in re.findall(r'^\s*\{"([a-z ]+)", k(?:Running|Looking|Writing|Keeping)', table, re.MULTILINE):
            with self.subTest(name):
                self.assertIn(f"baton {name}", page)
        for name in re.findall(r'\{"([a-z-]+)", (?:0|\'\w\'), ', table):
            with self.subTest(f"--{name}"):
                self.assertIn(f"--{name}", page)


if __name__ == "__main__":
    unittest.main()
