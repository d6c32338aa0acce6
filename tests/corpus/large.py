"""Bad definitions that are too large to be kept: name → the rule that refuses each, and a function that gives its bytes
in pieces."""

MIB = 1 << 20
COUNT = 100_000


def repeated(piece, size):
    """`piece` again and again, about `size` bytes."""
    block = piece * max(1, MIB // len(piece))
    return (block for _ in range(max(1, size // len(block))))


def joined(*parts):
    for part in parts:
        if isinstance(part, bytes):
            yield part
        else:
            yield from part


def lines(form, count=COUNT):
    return (form.format(i=i, next=(i + 1) % count).encode() for i in range(count))


TASK = b"tasks:\n  a: {run: echo a}\n"


def bomb(levels=30, width=10):
    """Each level names the one before ten times: 10^30 nodes in a file of a few KiB."""
    yield b"dag: x\nparams:\n  p0: {default: &p0 [x]}\n"
    for i in range(1, levels):
        yield f"  p{i}: {{default: &p{i} [{', '.join([f'*p{i - 1}'] * width)}]}}\n".encode()
    yield TASK


def wide_bomb():
    """One large list, named as often as it has items."""
    yield b"dag: x\nparams:\n  p: {default: &p [" + b"1, " * 20_000 + b"1]}\n"
    yield b"  q: {default: [" + b"*p, " * 20_000 + b"1]}\n"
    yield TASK


FILES = {
    # size
    "hundred_mib_of_text": ("file-too-large", lambda: joined(b"dag: x\ndoc: ", repeated(b"x", 100 * MIB), TASK)),
    "hundred_mib_of_zeros": ("file-too-large", lambda: repeated(b"\0", 100 * MIB)),
    "thirty_mib_of_zeros": ("not-utf8", lambda: joined(b"\0d", repeated(b"\0", 30 * MIB))),
    "thirty_mib_of_controls": ("forbidden-character", lambda: repeated(b"\x01", 30 * MIB)),
    "thirty_mib_of_bad_utf8": ("not-utf8", lambda: joined(b"dag: ", repeated(b"\x80", 30 * MIB))),
    "thirty_mib_of_commas": ("yaml-syntax", lambda: repeated(b",", 30 * MIB)),
    "a_quote_never_closed": ("yaml-syntax", lambda: joined(b"dag: \"", repeated(b"x\n", MIB))),
    "a_line_of_a_mib_in_a_wrong_place": ("wrong-type", lambda: joined(
        b"dag: x\nmax_active_runs: ", repeated(b"x", MIB), b"\n", TASK)),
    "an_id_of_a_mib": ("invalid-id", lambda: joined(b"dag: ", repeated(b"x", MIB), b"\n", TASK)),
    # depth
    "brackets_10_5_deep": ("yaml-depth", lambda: joined(b"dag: x\ntags: ", b"[" * COUNT)),
    "thirty_mib_of_brackets": ("yaml-syntax", lambda: joined(b"dag: x\ntags: ", repeated(b"[", 30 * MIB))),
    "thirty_mib_of_empty_quotes": ("yaml-syntax", lambda: joined(b"dag: x\ntags: [", repeated(b"'' ", 30 * MIB))),
    "json_of_five_mib_on_many_lines": ("yaml-syntax", lambda: joined(
        b'{"dag": "x", "tasks": {', lines('"t{i}": {{"run": "echo", "needs": ["t{next}"]}},\n'), b"}}\n")),
    "braces_10_5_deep": ("yaml-depth", lambda: joined(b"dag: x\nparams: ", repeated(b"{a: ", COUNT * 4))),
    "dashes_10_5_deep": ("yaml-depth", lambda: joined(b"dag: x\ntags:\n  ", repeated(b"- ", COUNT * 2), b"a\n")),
    "question_marks_10_5_deep": ("yaml-depth", lambda: repeated(b"? ", COUNT * 2)),
    "an_expression_of_10_5_parentheses": ("expression-syntax", lambda: joined(
        b"dag: x\ntasks:\n  a:\n    run: echo a\n    if: \"", b"(" * COUNT, b"1", b")" * COUNT, b"\"\n")),
    "a_script_of_10_5_substitutions": ("unsafe-expression", lambda: joined(
        b"dag: x\nparams: {p: {default: 1}}\ntasks:\n  a:\n    run: echo ", b"$(" * COUNT, b"${{ params.p }}\n")),
    # aliases
    "alias_bomb": ("yaml-alias", bomb),
    "alias_bomb_of_one_large_list": ("yaml-alias", wide_bomb),
    "anchors_10_5_then_an_unknown_alias": ("yaml-syntax", lambda: joined(
        b"dag: x\nenv:\n", lines("  A{i}: &a{i} x\n", 20_000), b"  B: *nowhere\n", TASK)),
    # many mistakes
    "keys_10_5_unknown": ("unknown-key", lambda: joined(b"dag: x\n", TASK, lines("k{i}: 1\n"))),
    "keys_10_5_alike": ("duplicate-key", lambda: joined(b"dag: x\n", TASK, lines("owner: me\n"))),
    "keys_10_5_of_a_param_alike": ("duplicate-key", lambda: joined(
        b"dag: x\n", TASK, b"params:\n  p:\n    default:\n", lines("      k: {i}\n"))),
    "tasks_10_4_without_kind": ("task-kind", lambda: joined(b"dag: x\ntasks:\n", lines("  t{i}:\n", 10_000))),
    "tasks_10_4_in_a_circle": ("cycle", lambda: joined(
        b"dag: x\ntasks:\n", lines("  t{i}: {{needs: t{next}, noop: true}}\n", 10_000))),
    "needs_10_4_unknown": ("unknown-task", lambda: joined(
        b"dag: x\ntasks:\n", lines("  t{i}: {{needs: u{i}, noop: true}}\n", 10_000))),
    "expressions_10_4_broken": ("expression-syntax", lambda: joined(
        b"dag: x\ntasks:\n  a: {run: echo}\nenv:\n", lines("  A{i}: \"${{{{ 1 + }}}}\"\n", 10_000))),
    "variables_10_4_unknown": ("unknown-name", lambda: joined(
        b"dag: x\ntasks:\n  a: {run: echo}\nenv:\n", lines("  A{i}: \"${{{{ env.B{i} }}}}\"\n", 10_000))),
    "params_3000_unknown": ("unknown-param", lambda: joined(
        b"dag: x\nparams:\n", lines("  p{i}: {{default: a}}\n", 3000), b"tasks:\n",
        lines("  t{i}: {{run: \"echo ${{{{ params.q{i} }}}}\"}}\n", 3000))),
    "pools_5000_unknown": ("unknown-pool", lambda: joined(
        b"dag: x\npools:\n", lines("  p{i}: 1\n", 5000), b"tasks:\n",
        lines("  t{i}: {{pool: q{i}, noop: true}}\n", 5000))),
    "a_script_of_20_000_expressions": ("unknown-param", lambda: joined(
        b"dag: x\nparams: {p: {default: a}}\ntasks:\n  a:\n    run: |\n",
        lines("      echo ${{{{ params.p }}}}\n", 20_000), b"      echo ${{ params.q }}\n")),
    "a_quoted_script_of_20_000_mistakes": ("unknown-param", lambda: joined(
        b"dag: x\nparams: {p: {default: a}}\ntasks:\n  a:\n    run: \"",
        lines("echo ${{{{ params.q }}}}\\n", 20_000), b"\"\n")),
    "mistakes_20_000_in_one_line": ("unknown-key", lambda: joined(
        b"{dag: x, tasks: {a: {run: echo}}", lines(", k{i}: \u00e9", 20_000), b"}\n")),
    "mistakes_10_3_in_a_line_of_megabytes": ("unknown-key", lambda: joined(
        b"{dag: x, tasks: {a: {run: echo}}, doc: \"", repeated("\u00e9".encode(), 3 * MIB), b"\"",
        lines(", k{i}: 1", 2000), b"}\n")),
    "an_error_behind_2000_warnings": ("unknown-task", lambda: joined(
        b"dag: x\nparams: {p: {default: 1}}\ntasks:\n",
        lines("  t{i}: {{run: \"echo ${{{{ raw(params.p) }}}}\"}}\n", 2000), b"  z: {needs: nowhere, noop: true}\n")),
    "documents_beyond_10_4": ("file-too-large", lambda: lines("---\na: {i}\n", 20_000)),
    "ids_10_4_alike": ("duplicate-id", lambda: joined(lines("---\ndag: x\ntasks: {{a: {{noop: true}}}}\n", 2000))),
    "axes_beyond_all_numbers": ("mapping-limit", lambda: joined(
        b"dag: x\ntasks:\n  a:\n    run: echo\n    matrix:\n", lines("      a{i}: [1, 2, 3, 4]\n", 500))),
}
