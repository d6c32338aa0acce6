"""The project's Markdown pages: their fenced blocks, the comments that mark them, their links. Standard library only."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Block:
    """A fenced block: its language, its text, where it begins, and the HTML comments right before it."""

    page: Path
    line: int
    language: str
    text: str
    marks: list

    @property
    def name(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def mark(self, key):
        """The text behind `key:` in a comment before the block, or None."""
        for mark in self.marks:
            if mark.split(":", 1)[0].strip() == key and ":" in mark:
                return mark.split(":", 1)[1].strip()
        return None


def pages():
    """README and everything below docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page):
    """The fenced blocks of a page, in order."""
    found, marks, fence, start, language, body = [], [], None, 0, "", []
    for number, line in enumerate(page.read_text(encoding="utf-8").split("\n"), 1):
        text = line.strip()
        if fence is not None:
            if text == fence:
                found.append(Block(page, start, language, "\n".join(body) + "\n", marks))
                fence, marks = None, []
            else:
                body.append(line)
        elif text.startswith("```"):
            fence, start, language, body = "`" * (len(text) - len(text.lstrip("`"))), number, text.strip("`").strip(), []
        elif comment := re.fullmatch(r"<!--(.*)-->", text):
            marks = [*marks, comment.group(1).strip()]
        elif text:
            marks = []
    return found


def prose(page):
    """(line number, line) outside fenced blocks."""
    inside = False
    for number, line in enumerate(page.read_text(encoding="utf-8").split("\n"), 1):
        if line.strip().startswith("```"):
            inside = not inside
        elif not inside:
            yield number, line


def is_dag(text):
    """The first line that says something begins with `dag:`."""
    for line in text.split("\n"):
        if line.strip() and not line.lstrip().startswith("#") and line.strip() != "---":
            return line.startswith("dag:")
    return False


def anchors(page):
    """The anchors that GitHub makes of a page's headings."""
    seen, found = {}, set()
    for _, line in prose(page):
        if not (heading := re.fullmatch(r"#{1,6} (.*)", line)):
            continue
        text = re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", lambda m: m.group(1) or "", heading.group(1)).lower()
        slug = re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        found.add(slug if count == 0 else f"{slug}-{count}")
    return found
