#include "scheduler/expr/shell_template.h"

#include <gtest/gtest.h>

namespace baton::expr {
namespace {

/// The script with x = `value`, or "refused: …" / "error: …".
std::string rendered_script(std::string_view script, const Value& value, ShellKind shell = ShellKind::bash) {
  const ParsedShellTemplate parsed = parse_shell_template(script, shell);
  if (!parsed.ok()) return "refused: " + parsed.findings.front().error.message;
  FixedNames names;
  names.set("x", value);
  const Outcome<std::string> out = render(parsed.value, script, names);
  return out.ok() ? *out : "error: " + out.error().message;
}

bool is_refused(std::string_view script, ShellKind shell = ShellKind::bash) {
  const ParsedShellTemplate parsed = parse_shell_template(script, shell);
  for (const ShellFinding& finding : parsed.findings) {
    if (finding.rule == "unsafe-expression" && !finding.is_warning) return true;
  }
  return false;
}

TEST(ShellQuoting, BareIsOneSingleQuotedWord) {
  EXPECT_EQ(rendered_script("echo ${{ x }}", Value("a b")), "echo 'a b'");
  EXPECT_EQ(rendered_script("echo ${{ x }}", Value("it's")), "echo 'it'\\''s'");
  EXPECT_EQ(rendered_script("echo ${{ x }}", Value("")), "echo ''");
  EXPECT_EQ(rendered_script("echo --n=${{ x }}.csv", Value(3)), "echo --n='3'.csv");
}

TEST(ShellQuoting, InDoubleQuotesFourCharactersAreEscaped) {
  EXPECT_EQ(rendered_script("echo \"${{ x }}\"", Value("a\\b\"c$d`e!f'g")), "echo \"a\\\\b\\\"c\\$d\\`e!f'g\"");
}

TEST(ShellQuoting, ANameBeforeItDoesNotGrow) {
  EXPECT_EQ(rendered_script("echo \"$HOME${{ x }}\"", Value("X")), "echo \"$HOME\"\"X\"");
  EXPECT_EQ(rendered_script("echo \"$HO\\\n${{ x }}\"", Value("X")), "echo \"$HO\\\n\"\"X\"");
  EXPECT_EQ(rendered_script("echo \"$HOME/${{ x }}\"", Value("X")), "echo \"$HOME/X\"");
}

TEST(ShellQuoting, InSingleQuotesAQuoteClosesAndOpensAgain) {
  EXPECT_EQ(rendered_script("echo 'a ${{ x }} b'", Value("it's $HOME")), "echo 'a it'\\''s $HOME b'");
}

TEST(ShellQuoting, ValuesBecomeTheirText) {
  EXPECT_EQ(rendered_script("echo ${{ x }}", Value(true)), "echo 'true'");
  EXPECT_EQ(rendered_script("echo ${{ x }}", Value(1.5)), "echo '1.5'");
  EXPECT_EQ(rendered_script("echo ${{ x }}", Value(Timestamp{0, 0})), "echo '1970-01-01T00:00:00Z'");
  EXPECT_EQ(rendered_script("echo ${{ x }}", Value(Duration{3, 500'000'000})), "echo '3.5s'");
}

TEST(ShellQuoting, WhatHasNoTextIsAnError) {
  for (const Value& value : {Value(), Value(ValueList{}), Value(ValueMap{}), Value(std::string("a\0b", 3))}) {
    EXPECT_TRUE(rendered_script("echo ${{ x }}", value).starts_with("error: "));
  }
}

TEST(ShellQuoting, PlacesThatCannotBeMadeSafeAreRefused) {
  for (const std::string_view script : {
           "cat <<EOF\n${{ x }}\nEOF\n",
           "cat <<'EOF'\n${{ x }}\nEOF\n",
           "cat <<-\"E O\"\n\t${{ x }}\n\tE O\n",
           "cat <<${{ x }}\nEOF\n",
           "[[ a == a ]]<<EOF\n${{ x }}\nEOF\n",
           "a=(; ${{ x }})",
           "echo @(a=(; ${{ x }})",
           "$((1 + \\${{ x }}))",
           "echo `echo ${{ x }}`",
           "echo \"`echo ${{ x }}`\"",
           "echo $(echo ${{ x }})",
           "echo \"$(echo '${{ x }}')\"",
           "echo $(case a in a) echo ${{ x }};; esac)",
           "echo $(echo a # )\n echo ${{ x }})",
           "echo ${a:-${{ x }}}",
           "echo \"${a:-\"${{ x }}\"}\"",
           "echo $((1 + ${{ x }}))",
           "((a = ${{ x }}))",
           "for ((i = 0; i < ${{ x }}; i++)); do :; done",
           "a[${{ x }}]=1",
           "a[\"${{ x }}\"]=1",
           "a=([${{ x }}]=1)",
           "[[ ${{ x }} -eq 1 ]]",
           "[[ -v ${{ x }} ]]",
           "diff <(echo ${{ x }}) b",
           "echo $'a${{ x }}'",
           "echo $${{ x }}",
           "echo \"$${{ x }}\"",
           "echo \"$\\\n${{ x }}\"",
           "echo \\${{ x }}",
           "echo \"\\${{ x }}\"",
           "eval \"echo ${{ x }}\"",
           "A=1 command eval ${{ x }}",
           "2>/dev/null eval ${{ x }}",
           "let ${{ x }}",
           "declare -i n=${{ x }}",
           "trap 'rm ${{ x }}' EXIT",
           "bash -c \"echo ${{ x }}\"",
           "sudo /bin/sh -ec 'echo ${{ x }}'",
           "echo \"${a:?it's}\" '${{ x }}'",
       }) {
    EXPECT_TRUE(is_refused(script)) << script;
    EXPECT_TRUE(is_refused(script, ShellKind::sh)) << script;
  }
}

TEST(ShellQuoting, PlacesBesideThemAreFine) {
  for (const std::string_view script : {
           "cat <<EOF ${{ x }}\nbody $(echo) \"\nEOF\n",
           "cat <<EOF\nbody ' \"\nEOF\necho ${{ x }}",
           "cat <<-EOF\n\tbody '\n\tEOF\necho ${{ x }}",
           "cat <<A; cat <<'B'\n'\nA\n\"\nB\necho ${{ x }}",
           "echo $(echo ')' \")\" \\)) ${{ x }}",
           "echo $(case a in a) echo;; (b) echo ;; esac) ${{ x }}",
           "echo $(cat <<EOF\n)\nEOF\n) ${{ x }}",
           "echo $((1 << (2))) ${{ x }}",
           "echo $(( (1) )) ${a:-'}'} ${{ x }}",
           "echo $((echo a); echo b) ${{ x }}",
           "echo a#'b' ${{ x }} # it's \"",
           "# it's ${{ x }}\necho ${{ x }}",
           "if [ ${{ x }} = a ]; then echo; fi",
           "[[ ${{ x }} == [a-z]* && \"${{ x }}\" =~ ^(a|#b)$ ]] && echo ${{ x }}",
           "case ${{ x }} in (a|b) echo ${{ x }};; *) echo '${{ x }}' ;; esac; echo ${{ x }}",
           "for i in ${{ x }} b; do echo \"$i\" >\"${{ x }}\" 2>&1; done",
           "f() { echo ${{ x }}; }; f",
           "a=(${{ x }} b) b+=(\"${{ x }}\")",
           "echo [${{ x }}] \"[${{ x }}]\"",
           "bash -c 'echo \"$1\"' _ ${{ x }}",
           "echo \"${a:-'b'}\" ${{ x }}",
           "echo \"$$\" $? \"$#${{ x }}\" \"$1${{ x }}\" ${{ x }}",
           "grep -c ${{ x }} file",
           "A=${{ x }} B=\"${{ x }}\" env",
           "echo a \\\n  ${{ x }}",
       }) {
    EXPECT_FALSE(is_refused(script)) << script << "\n" << rendered_script(script, Value("v"));
  }
}

TEST(ShellQuoting, WhatShellsReadDifferentlyIsRefusedForSh) {
  EXPECT_TRUE(is_refused("echo $'it\\'s' ${{ x }}", ShellKind::sh));
  EXPECT_FALSE(is_refused("echo $'it\\'s' ${{ x }}", ShellKind::bash));
  EXPECT_TRUE(is_refused("((a = 1 << 2))\necho ${{ x }}", ShellKind::sh));
  EXPECT_FALSE(is_refused("((a = 1 << 2))\necho ${{ x }}", ShellKind::bash));
  EXPECT_FALSE(is_refused("((a < 2)) && echo ${{ x }}", ShellKind::sh));
}

TEST(ShellQuoting, CommentsShowNothing) {
  EXPECT_EQ(rendered_script("echo a # ${{ x }}\necho b", Value("\nrm -rf /")), "echo a # \necho b");
}

TEST(ShellQuoting, OtherShellsTakeOnlyRaw) {
  EXPECT_TRUE(is_refused("print('${{ x }}')", ShellKind::other));
  EXPECT_EQ(rendered_script("print('${{ raw(x) }}')", Value("a"), ShellKind::other), "print('a')");
}

TEST(ShellQuoting, RawIsVerbatimAndWarnedOf) {
  const ParsedShellTemplate parsed = parse_shell_template("ls ${{ raw(x) }} $(echo ${{ raw(x) }})", ShellKind::bash);
  ASSERT_EQ(parsed.findings.size(), 2U);
  EXPECT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.findings[0].rule, "raw-expression");
  EXPECT_EQ(rendered_script("ls ${{ raw(x) }}", Value("-l -a")), "ls -l -a");
}

TEST(ShellQuoting, FindingsCarryTheirPlace) {
  const std::string_view script = "echo ok\necho $(echo ${{ x }})";
  const ParsedShellTemplate parsed = parse_shell_template(script, ShellKind::bash);
  ASSERT_EQ(parsed.findings.size(), 1U);
  const SourceRange where = parsed.findings[0].error.where;
  EXPECT_EQ(script.substr(where.begin, where.end - where.begin), "${{ x }}");
}

TEST(ShellQuoting, DeepAndUnclosedScriptsEndQuickly) {
  for (const std::string_view piece :
       {"$(", "$((", "${a:-", "\"$(", "`", "((", "$(((", "\"${a:-\"", "case x in a) ", "<("}) {
    std::string script;
    for (int i = 0; i < 20000; ++i) script += piece;
    EXPECT_TRUE(is_refused(script + " ${{ x }}") || piece == "`" || piece == "case x in a) ") << piece;
  }
}

TEST(ShellKindOf, GoesByTheProgramsName) {
  EXPECT_EQ(shell_kind("bash -euo pipefail"), ShellKind::bash);
  EXPECT_EQ(shell_kind("/bin/sh -eu"), ShellKind::sh);
  EXPECT_EQ(shell_kind("python3"), ShellKind::other);
  EXPECT_EQ(shell_kind(""), ShellKind::other);
}

}  // namespace
}  // namespace baton::expr
