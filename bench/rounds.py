"""The frame of every workload: rounds in which all contenders take their turn, in an order that rotates."""

import os
from dataclasses import dataclass, field

import graphs
import measuring
from contenders import Baton
from table import Row


@dataclass
class Context:
    """What a benchmark gets: how often, how large, where. Folders are only made; all are removed at the very end, because
    on a file system that has just deleted thousands of files, making one costs more."""

    rounds: int
    quick: bool
    base: str
    say: callable = print
    made: list = field(default_factory=list)

    def folder(self, name):
        path = os.path.join(self.base, f"{len(self.made):04}.{name}")
        self.made.append(path)
        os.mkdir(path)
        return path

    def size(self, full, quick):
        return quick if self.quick else full


def race(context, name, make, size, action, rivals, bars=None, kind="fan"):
    """Rows of Baton and its rivals over make(size). `bars`: rival's name → (bar, wish) of Baton ÷ rival."""
    entries = [(Baton(), size)]
    for rival in (new() for new in rivals):
        if not rival.missing():
            entries.append((rival, min(size, rival.chain_max if kind == "chain" else rival.fan_max)))
    prepared = []
    for who, n in entries:
        warm, folder = context.folder(f"{name}.{who.name}.warm"), context.folder(f"{name}.{who.name}")
        who.write(warm, graphs.chain(5), action)
        measuring.run(who.command(warm, warm), warm)
        who.write(folder, make(n), action)
        prepared.append((who, make(n), folder))
    costs = {who.name: [] for who, _, _ in prepared}
    for turn in range(context.rounds):
        context.say(f"{name}: round {turn + 1} of {context.rounds}")
        for k in range(len(prepared)):
            who, graph, folder = prepared[(turn + k) % len(prepared)]
            place = context.folder(f"{name}.{who.name}.{turn}")
            costs[who.name].append(measuring.run(who.command(folder, place), place))
            who.check(place, graph)
    return [row_of(name, who, graph, costs, bars or {}, prepared[0][1]) for who, graph, _ in prepared]


def row_of(name, who, graph, costs, bars, full):
    own = costs[who.name]
    walls = [1e6 * cost.wall_s / graph.tasks for cost in own]
    row = Row(name, who.name, "µs/task", walls, [1e6 * c.cpu_s / graph.tasks for c in own], [c.peak_mib for c in own])
    if who.name != "Baton":
        row.ratios = [1e6 * b.wall_s / full.tasks / wall for b, wall in zip(costs["Baton"], walls)]
        row.ratio_of = f"Baton ÷ {who.name}"
        row.bar, row.wish = bars.get(who.name, (None, None))
    row.note = f"{graph.tasks:,} tasks"
    return row
