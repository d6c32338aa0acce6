"""What a task does, in the words of each contender: the same command everywhere."""

import json
import shlex
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Action:
    baton: Callable[[int], str]  # keys of the task, as in a YAML flow mapping
    argv: Callable[[int], list]  # as a program with arguments
    shell: Callable[[int], str]  # as a line for sh -c

    def loop_argv(self):
        """For the spawn loop, which puts its count where `@` stands."""
        return self.argv("@")


def of_argv(argv):
    """Baton runs it without a shell; contenders that always take a shell get it in its cheapest form."""
    return Action(lambda i: "exec: " + json.dumps(argv(i)), argv, lambda i: shlex.join(argv(i)))


TRUE_SH = Action(lambda i: "run: 'true', shell: [sh]", lambda i: ["sh", "-c", "true"], lambda i: "true")
TRUE_EXEC = Action(lambda i: "exec: [/bin/true]", lambda i: ["/bin/true"], lambda i: "true")
NOOP = Action(lambda i: "noop: true", lambda i: [], lambda i: "")


def witnessed(program, file, sleep_us=lambda i: 0):
    """The task that says of itself when it ran (native/witness.c)."""
    return of_argv(lambda i: [program, file, str(i), str(sleep_us(i))])
