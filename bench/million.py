"""B16: 100,000 tasks in one file, and a million noop tasks with five million edges."""

import os

import actions
import graphs
import measuring
from actions import Action
from contenders import Baton
from measuring import BATON
from table import Row
from witness import Witness


def big_file(context):
    """B16: 100,000 tasks in one file: checked, and its first task started."""
    size = context.size(100000, 20000)
    graph = graphs.layers(100, size // 100)
    folder = context.folder("big_file")
    witness = Witness(os.path.join(folder, "witness"))
    first = actions.witnessed(measuring.native("witness"), witness.path)
    mixed = Action(lambda i: first.baton(i) if i == 0 else actions.NOOP.baton(i), first.argv, first.shell)
    validated, to_first = [], []
    Baton().write(folder, graph, actions.TRUE_SH)
    other = context.folder("big_file.noop")
    Baton().write(other, graph, mixed)
    for turn in range(context.rounds):
        context.say(f"big_file: round {turn + 1} of {context.rounds}")
        validate = [BATON, "validate", "d.yaml", "--config", "baton.yaml"]
        validated.append(measuring.run(validate, folder))
        same_file = measuring.run(validate, other)
        place = context.folder(f"big_file.{turn}")
        open(witness.path, "w").close()
        cost = measuring.run(Baton().command(other, place), place)
        Baton().check(place, graph)
        to_first.append((witness.lines()[0].ns - cost.start_ns) / 1e9 - same_file.wall_s)
    note = f"{size:,} tasks, 3 parents each"
    return [Row("big_file", "baton validate, time", "s", [c.wall_s for c in validated], [1e6 * c.cpu_s / size for c in validated],
                [], bar=5.0, note=note),
            Row("big_file", "baton validate, memory", "MiB", [c.peak_mib for c in validated], bar=600.0),
            Row("big_file", "after that, to its first task", "s", to_first, bar=2.0)]


def million(context):
    """B16: 1,000,000 noop tasks with 5,000,000 edges in one file, as a whole."""
    size = context.size(1000000, 100000)
    graph = graphs.woven(size)
    folder = context.folder("million")
    context.say(f"million: writing the file of {size:,} tasks")
    Baton().write(folder, graph, actions.NOOP)
    costs = []
    for turn in range(min(2, context.rounds)):
        context.say(f"million: round {turn + 1} of {min(2, context.rounds)}")
        place = context.folder(f"million.{turn}")
        costs.append(measuring.run(Baton().command(folder, place), place))
        Baton().check(place, graph)
    cpu = [1e6 * c.cpu_s / size for c in costs]
    scale = size / 1000000
    return [Row("million", "Baton, time", "s", [c.wall_s for c in costs], cpu, bar=60.0 * scale, wish=25.0 * scale,
                note=f"{size:,} noop tasks, 5 parents each"),
            Row("million", "Baton, memory", "MiB", [c.peak_mib for c in costs], bar=500.0)]
