"""A Graph with an Action as a DAG file, a ninja file, a makefile. Streamed: a million tasks need no memory."""

import shlex


def write_dag(path, graph, action, name="bench"):
    with open(path, "w") as file:
        file.write(f"dag: {name}\ntasks:\n")
        for i in range(graph.size):
            body = "noop: true" if i in graph.joins else action.baton(i)
            above = ", ".join(f"t{p}" for p in graph.parents(i))
            file.write(f"  t{i}: {{{body}, needs: [{above}]}}\n" if above else f"  t{i}: {{{body}}}\n")


def write_ninja(path, graph, action):
    with open(path, "w") as file:
        file.write("rule t\n command = $c\n")
        for i in range(graph.size):
            above = "".join(f" t{p}" for p in graph.parents(i))
            if i in graph.joins:
                file.write(f"build t{i}: phony{above}\n")
            else:
                file.write(f"build t{i}: t{above}\n c = {action.shell(i).replace('$', '$$')}\n")


def write_make(path, graph, action):
    """Recipes without shell characters: make runs them directly."""
    with open(path, "w") as file:
        file.write(".PHONY: all " + " ".join(f"t{i}" for i in range(graph.size)) + "\n")
        file.write("all: " + " ".join(f"t{i}" for i in range(graph.size)) + "\n")
        for i in range(graph.size):
            file.write(f"t{i}: " + " ".join(f"t{p}" for p in graph.parents(i)) + "\n")
            if i not in graph.joins:
                file.write("\t@" + shlex.join(action.argv(i)).replace("$", "$$") + "\n")
