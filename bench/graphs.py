"""Shapes of work. A Graph is a number of tasks and a function from a task to its parents, so that a million tasks need no
memory; some tasks are joins, which cost no process in any contender."""

import csv
import os
import random
from dataclasses import dataclass, field
from typing import Callable

SHAPES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shapes")


@dataclass(frozen=True)
class Graph:
    size: int
    parents: Callable[[int], tuple]
    joins: frozenset = frozenset()
    runtimes_s: tuple = field(default=(), repr=False)  # measured ones of a real workflow

    @property
    def tasks(self):
        """What is paid for: all but the joins."""
        return self.size - len(self.joins)

    def depth(self):
        """Tasks on the longest path."""
        longest = [0] * self.size
        for task in range(self.size):
            longest[task] = (task not in self.joins) + max((longest[p] for p in self.parents(task)), default=0)
        return max(longest)

    def critical_path(self):
        """The tasks of the path that takes longest, in order."""
        ends = [0.0] * self.size
        for task in range(self.size):
            ends[task] = self.runtimes_s[task] + max((ends[p] for p in self.parents(task)), default=0.0)
        path = [max(range(self.size), key=ends.__getitem__)]
        while self.parents(path[-1]):
            path.append(max(self.parents(path[-1]), key=ends.__getitem__))
        return path[::-1]

    def critical_path_s(self):
        return sum(self.runtimes_s[task] for task in self.critical_path())


def chain(n):
    return Graph(n, lambda i: (i - 1,) if i else ())


def fan(n):
    """1 → n → 1; the first and the last are joins."""
    return Graph(n + 2, lambda i: () if i == 0 else (0,) if i <= n else tuple(range(1, n + 1)), frozenset({0, n + 1}))


def layers(width, depth, parents=3):
    """Each task needs `parents` neighbours of the layer before."""

    def above(i):
        layer, place = divmod(i, width)
        return tuple(sorted((layer - 1) * width + (place + k) % width for k in range(parents))) if layer else ()

    return Graph(width * depth, above)


def scattered(n, edges, seed=7):
    """Random parents among the thousand tasks before; the same ones in every run of the benchmark."""
    dice = random.Random(seed)
    above = [set() for _ in range(n)]
    left = edges
    while left:
        child = dice.randrange(1, n)
        parent = dice.randrange(max(0, child - 1000), child)
        if parent not in above[child]:
            above[child].add(parent)
            left -= 1
    fixed = [tuple(sorted(p)) for p in above]
    return Graph(n, lambda i: fixed[i])


def woven(n, parents=5):
    """`parents` parents for each task, at fixed distances below a thousand."""
    steps = (1, 7, 61, 331, 997)[:parents]
    return Graph(n, lambda i: tuple(sorted(i - step for step in steps if step <= i)))


def shapes():
    """Name → Graph of the real workflows in bench/shapes, tasks in an order that respects the edges."""
    found = {}
    for file in sorted(os.listdir(SHAPES)):
        if file.endswith(".csv"):
            found[file.split("-")[0]] = read_shape(os.path.join(SHAPES, file))
    return found


def read_shape(path):
    with open(path) as file:
        rows = {int(r["task"]): (float(r["runtime_s"]), [int(p) for p in r["parents"].split()]) for r in csv.DictReader(file)}
    order, seen = [], set()

    def visit(task):
        stack = [(task, iter(rows[task][1]))]
        seen.add(task)
        while stack:
            current, rest = stack[-1]
            parent = next((p for p in rest if p not in seen), None)
            if parent is None:
                order.append(current)
                stack.pop()
            else:
                seen.add(parent)
                stack.append((parent, iter(rows[parent][1])))

    for task in rows:
        if task not in seen:
            visit(task)
    number = {task: i for i, task in enumerate(order)}
    above = [tuple(sorted(number[p] for p in rows[task][1])) for task in order]
    return Graph(len(order), lambda i: above[i], frozenset(), tuple(rows[task][0] for task in order))
