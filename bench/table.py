"""Rows, as a table for people, as Markdown and as JSON."""

import statistics
from dataclasses import asdict, dataclass, field

FACTOR = {"µs": 1e6, "ms": 1e3, "s": 1.0}


@dataclass
class Row:
    workload: str
    who: str
    unit: str  # of samples: µs a task, ms, s, MiB, count, …
    samples: list  # one a round
    cpu_us: list = field(default_factory=list)  # per task, one a round
    peak_mib: list = field(default_factory=list)  # of the largest process
    ratios: list = field(default_factory=list)  # pair by pair; of what, says `ratio_of`
    ratio_of: str = ""
    bar: float | None = None  # of the ratio where there is one, else of the sample
    wish: float | None = None
    note: str = ""

    def judged(self):
        return statistics.median(self.ratios or self.samples)

    def verdict(self):
        if self.bar is None:
            return ""
        if self.wish is not None and self.judged() <= self.wish:
            return "wish"
        return "ok" if self.judged() <= self.bar else "MISSED"


def number(value):
    if value is None:
        return ""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(values):
    return f"{number(min(values))}–{number(max(values))}" if len(values) > 1 else ""


def cells(row):
    ratio = f"{statistics.median(row.ratios):.2f} ({min(row.ratios):.2f}–{max(row.ratios):.2f})" if row.ratios else ""
    aim = "" if row.bar is None else f"≤ {number(row.bar)}" + (f" · {number(row.wish)}" if row.wish is not None else "")
    return [row.workload, row.who, f"{number(statistics.median(row.samples))} {row.unit}", spread(row.samples),
            number(statistics.median(row.cpu_us)) if row.cpu_us else "", number(max(row.peak_mib)) if row.peak_mib else "",
            ratio, row.ratio_of if row.ratios else "", aim, row.verdict(), row.note]


HEAD = ["workload", "who or what", "median", "spread", "CPU µs/task", "peak MiB", "ratio (pairs)", "of", "aim · wish", "", "note"]
WIDTHS = [13, 30, 15, 17, 11, 8, 19, 16, 13, 6, 0]


def line(values):
    return " ".join(value.ljust(width) for value, width in zip(values, WIDTHS)).rstrip()


def markdown(rows):
    head = "| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD) + "\n"
    return head + "".join("| " + " | ".join(cells(row)) + " |\n" for row in rows)


def as_json(row):
    return {**asdict(row), "median": statistics.median(row.samples), "judged": row.judged(), "verdict": row.verdict()}
