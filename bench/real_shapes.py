"""B5: eight real workflows, with runtimes × 0 and ÷ 1,000. The tasks sleep, and say when they ran; the order is checked.

Runtimes ÷ 1,000: the makespan against what no scheduler can beat, max(critical path, work ÷ slots). In that bound a process
costs nothing, so the note has the ratio to bare processes as well: those of all tasks without their edges, the longest
first, in SLOTS at a time, or those of the critical path one after another, whichever takes longer. They sleep as long as
the tasks do. Runtimes × 0: bare processes alone are the bound, measured in the same round. The makespan is from the first
start to the last end, as the tasks say.
"""

import os
import statistics

import actions
import graphs
import measuring
from contenders import Baton, Make, Ninja, SpawnLoop
from measuring import SLOTS
from table import Row
from witness import Witness

LONG_S = 5.0  # a shape with a larger bound runs twice only: it sleeps, and sleep does not scatter


def shapes(context):
    """B5: eight real workflows, runtimes × 0 and ÷ 1,000, against the bound; order checked by a witness."""
    rows = []
    for name, graph in graphs.shapes().items():
        rows += at_once(context, name, graph)
    for name, graph in graphs.shapes().items():
        bound_s = max(graph.critical_path_s(), sum(graph.runtimes_s) / SLOTS) / 1000
        if not (context.quick and bound_s > LONG_S / 2):
            rows.append(scaled(context, name, graph, bound_s))
    return rows


def witnessed_run(context, who, name, graph, sleep_us):
    """(Cost, span by the witness) of one run, checked."""
    folder = context.folder(f"shapes.{name}")
    witness = Witness(os.path.join(folder, "witness"))
    who.write(folder, graph, actions.witnessed(measuring.native("witness"), witness.path, sleep_us))
    cost = measuring.run(who.command(folder, folder), folder)
    who.check(folder, graph)
    witness.must_fit(graph)
    return cost, witness.span_s()


def bare_span_s(context, name, slots, sleeps_us):
    """What processes without edges take that sleep so long, `slots` at a time, in this order."""
    folder = context.folder(f"shapes.{name}.bare")
    word = "0"
    if any(sleeps_us):
        word = "@" + os.path.join(folder, "sleeps")
        with open(word[1:], "w") as file:
            file.writelines(f"{us:010d}\n" for us in sleeps_us)
    witness = Witness(os.path.join(folder, "witness"))
    loop = SpawnLoop(slots)
    loop.write(folder, graphs.Graph(len(sleeps_us), lambda i: ()), actions.witnessed(measuring.native("witness"), witness.path, lambda i: word))
    measuring.run(loop.command(folder, folder), folder)
    return witness.span_s()


def bare_bound_s(context, name, all_us, path_us):
    return max(bare_span_s(context, name, SLOTS, sorted(all_us, reverse=True)), bare_span_s(context, name, 1, path_us))


def at_once(context, name, graph):
    contenders = [Baton(), Ninja(), Make()]
    spans = {who.name: [] for who in contenders}
    costs = {who.name: [] for who in contenders}
    bounds = []
    for turn in range(context.rounds):
        context.say(f"shapes: {name} × 0, round {turn + 1} of {context.rounds}")
        for k in range(len(contenders)):
            who = contenders[(turn + k) % len(contenders)]
            cost, span = witnessed_run(context, who, name, graph, lambda i: 0)
            costs[who.name].append(cost)
            spans[who.name].append(span)
        bounds.append(bare_bound_s(context, name, [0] * graph.tasks, [0] * graph.depth()))
    rows = []
    for who in contenders:
        own = costs[who.name]
        row = Row("shapes", f"{who.name}, {name} × 0", "µs/task", [1e6 * s / graph.tasks for s in spans[who.name]],
                  [1e6 * c.cpu_s / graph.tasks for c in own], [c.peak_mib for c in own], note=f"{graph.tasks} tasks, depth {graph.depth()}")
        row.ratios = [span / bound for span, bound in zip(spans[who.name], bounds)]
        row.ratio_of = "makespan ÷ bound"
        if who.name == "Baton":
            row.bar, row.wish = 1.15, 1.05
        rows.append(row)
    return rows


def scaled(context, name, graph, bound_s):
    spans, costs, with_processes = [], [], []
    sleeps_us = [round(1000 * runtime) for runtime in graph.runtimes_s]
    rounds = min(context.rounds, 2) if bound_s > LONG_S else context.rounds
    for turn in range(rounds):
        context.say(f"shapes: {name} ÷ 1,000 (at least {bound_s:.1f} s), round {turn + 1} of {rounds}")
        cost, span = witnessed_run(context, Baton(), name, graph, sleeps_us.__getitem__)
        costs.append(cost)
        spans.append(span)
        if turn == 0 or bound_s <= LONG_S:
            bare_s = bare_bound_s(context, name, sleeps_us, [sleeps_us[i] for i in graph.critical_path()])
        with_processes.append(span / bare_s)
    row = Row("shapes", f"Baton, {name} ÷ 1,000", "s", spans, [1e6 * c.cpu_s / graph.tasks for c in costs],
              [c.peak_mib for c in costs], [span / bound_s for span in spans], "makespan ÷ bound", 1.15, 1.05)
    row.note = f"bound {bound_s:.2f} s; {statistics.median(with_processes):.2f} × bare processes that sleep as long"
    return row
