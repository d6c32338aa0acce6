"""What sources say: they cite only what stands in docs/, and only the command line speaks of commands."""

import re
import unittest
from pathlib import Path

from pages import ROOT, pages

BELOW_THE_COMMAND_LINE = ("scheduler", "worker", "web")
ROOMS = (*BELOW_THE_COMMAND_LINE, "cli", "tests", "bench", "cmake", "dags")
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
COMMAND = re.compile(r"\bbaton (?:run|resume|retry|stop|clear|mark|ls|ps|show|logs|why|explain|diff|plan|graph|validate"
                     r"|fmt|expr|ticks|cron|db|doctor|server|version|help)\b")
OPTION = re.compile(r"(?:^|[\s(`])--[a-z][a-z-]+")
# baton-worker is a program with options of its own, and keys.cpp quotes those of sbatch.
SPEAK_OF_OPTIONS = {"worker/main.cpp", "scheduler/dagfile/keys.cpp"}
# Still to be rephrased: each leaves this list when it has been.
NOT_YET: set[str] = set()
PAGE = re.compile(r"\b[\w/-]+\.md\b")
NUMBER = re.compile(r"\b(?:INV-\d+|F-\d+)\b")
PROMISE = re.compile(r"(?://|#).*?\b(S\d{1,2})\b")
SECTION = re.compile(r"§")
STANDARD = re.compile(r"RFC \d+|YAML|\b1\.2\.2\b|POSIX|cel-spec")
FOREIGN_PAGES = {"langdef.md", "summary.md"}  # of cel-spec; what a task may leave for people


def sources(*rooms):
    """(path below the root, text) of each source of these rooms."""
    for room in rooms:
        for file in sorted((ROOT / room).rglob("*")):
            if file.suffix in {".h", ".cpp", ".py", ".sh", ".txt", ".cmake"} and not {"corpus", "node_modules"} & set(file.parts):
                if file != Path(__file__).resolve():
                    yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8", errors="replace")


def lines(*rooms):
    for name, text in sources(*rooms):
        for number, line in enumerate(text.split("\n"), 1):
            yield name, number, line


def names_the_command_line(name, literal):
    """A text for people that speaks of a command or an option; a word of an argv is none."""
    if COMMAND.search(literal) or "`baton" in literal:
        return True
    is_a_word = re.fullmatch(r"--[a-z-]+=?", literal) is not None
    return not is_a_word and name not in SPEAK_OF_OPTIONS and OPTION.search(literal) is not None


class Messages(unittest.TestCase):
    def test_below_the_command_line_no_text_names_a_command_or_an_option(self):
        found = [f"{name}:{number}: {literal}" for name, number, line in lines(*BELOW_THE_COMMAND_LINE)
                 if not line.lstrip().startswith(("//", "#include")) for literal in LITERAL.findall(line)
                 if name not in NOT_YET and names_the_command_line(name, literal)]
        self.assertEqual([], found, "hints belong to cli/; the room below says what is the matter")


class Citations(unittest.TestCase):
    def test_every_page_that_is_named_stands_in_docs(self):
        there = {str(page.relative_to(ROOT)) for page in pages()} | {page.name for page in pages()}
        there |= {str(page.relative_to(ROOT / "docs")) for page in pages() if page.parent != ROOT}
        found = [f"{name}:{number}: {page}" for name, number, line in lines(*ROOMS)
                 if (comment := comment_of(line)) for page in PAGE.findall(comment)
                 if page not in there and page not in FOREIGN_PAGES and not (ROOT / page).exists()]
        self.assertEqual([], found)

    def test_every_number_of_an_invariant_a_promise_or_a_fault_stands_in_the_invariants(self):
        page = (ROOT / "docs/INVARIANTS.md").read_text(encoding="utf-8")
        there = set(re.findall(r"^\| ((?:INV-|F-|S)\d+) ", page, re.MULTILINE))
        self.assertGreater(len(there), 50, "the tables of docs/INVARIANTS.md are not read any more")
        found = [f"{name}:{number}: {what}" for name, number, line in lines(*ROOMS)
                 for what in {*NUMBER.findall(line), *PROMISE.findall(line)} if what not in there]
        self.assertEqual([], found)

    def test_a_section_sign_names_a_standard(self):
        found = [f"{name}:{number}: {line.strip()}" for name, number, line in lines(*ROOMS)
                 if SECTION.search(comment_of(line)) and not STANDARD.search(line)]
        self.assertEqual([], found)


def comment_of(line):
    """What follows // or # in a line, or nothing."""
    found = re.search(r"(?://|#)(.*)", line)
    return found.group(1) if found else ""


if __name__ == "__main__":
    unittest.main()
