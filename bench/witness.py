"""What the tasks say of themselves (native/witness.c), held against the DAG: nothing early, nothing twice, nothing lost."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from measuring import Wrong


@dataclass(frozen=True)
class Line:
    what: str  # start, end, overlap
    task: int
    ns: int  # CLOCK_MONOTONIC
    parent: int  # who started it


class Witness:
    def __init__(self, path):
        self.path = path
        open(path, "w").close()
        open(path + ".lock", "w").close()

    def lines(self, offset=0):
        """Behind `offset`, in the order in which they were written."""
        with open(self.path) as file:
            file.seek(offset)
            text = file.read()
        words = (line.split() for line in text[: text.rfind("\n") + 1].splitlines())
        return [Line(what, int(task), int(ns), int(parent)) for what, task, ns, parent in words]

    def span_s(self):
        """From the first start to the last end."""
        lines = self.lines()
        return (lines[-1].ns - lines[0].ns) / 1e9

    def must_fit(self, graph):
        """Raises Wrong unless every task ran exactly once, after all its parents had ended."""
        begun, ended = set(), set()
        for line in self.lines():
            if line.what == "start":
                if line.task in begun:
                    raise Wrong(f"task {line.task} started twice")
                late = [p for p in process_parents(graph, line.task) if p not in ended]
                if late:
                    raise Wrong(f"task {line.task} started before its parent {late[0]} had ended")
                begun.add(line.task)
            elif line.what == "end":
                ended.add(line.task)
            else:
                raise Wrong(f"two processes of task {line.task} lived at the same time")
        must_have_ended(graph, ended)

    def again_after_kills(self, graph, in_flight_max):
        """After kill -9 of schedulers: raises Wrong if a task is lost, overlapped itself, started twice under one worker,
        or if more of them ran again under a new worker than can have been in flight. Returns how many ran again."""
        starts, ended = defaultdict(list), set()
        for line in self.lines():
            if line.what == "overlap":
                raise Wrong(f"two processes of task {line.task} lived at the same time")
            if line.what == "end":
                ended.add(line.task)
            else:
                starts[line.task].append(line.parent)
        must_have_ended(graph, ended)
        again = Counter()
        for task, workers in starts.items():
            if len(set(workers)) < len(workers):
                raise Wrong(f"task {task} started twice under one worker")
            again.update(workers[1:])
        worst = max(again.values(), default=0)
        if worst > in_flight_max:
            raise Wrong(f"{worst} tasks ran again after one kill, more than the {in_flight_max} that can have been in flight")
        return sum(again.values())


def must_have_ended(graph, ended):
    missing = [i for i in range(graph.size) if i not in graph.joins and i not in ended]
    if missing:
        raise Wrong(f"{len(missing)} tasks are lost, the first is {missing[0]}")


def process_parents(graph, task):
    """Parents with a process of their own: those behind joins stand for the joins."""
    found, todo = set(), list(graph.parents(task))
    while todo:
        parent = todo.pop()
        if parent in graph.joins:
            todo.extend(graph.parents(parent))
        else:
            found.add(parent)
    return found
