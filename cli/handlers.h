// What each command does. One function a command, in the file cli/cmd_<name>.cpp; each returns the exit code.
#pragma once

#include "cli/invocation.h"

namespace baton::cli {

int run_command(const Invocation& call);
int resume_command(const Invocation& call);
int retry_command(const Invocation& call);
int clear_command(const Invocation& call);
int mark_command(const Invocation& call);
int stop_command(const Invocation& call);
int pause_run_command(const Invocation& call);
int unpause_run_command(const Invocation& call);
int server_command(const Invocation& call);

int ls_command(const Invocation& call);
int ps_command(const Invocation& call);
int show_command(const Invocation& call);
int watch_command(const Invocation& call);
int logs_command(const Invocation& call);
int why_command(const Invocation& call);
int explain_command(const Invocation& call);
int diff_command(const Invocation& call);
int cost_command(const Invocation& call);

int validate_command(const Invocation& call);
int test_command(const Invocation& call);
int simulate_command(const Invocation& call);
int fmt_command(const Invocation& call);
int graph_command(const Invocation& call);
int schema_command(const Invocation& call);
int expr_command(const Invocation& call);
int dag_next_command(const Invocation& call);
int dag_ls_command(const Invocation& call);
int dag_errors_command(const Invocation& call);
int dag_versions_command(const Invocation& call);
int dag_diff_command(const Invocation& call);
int dag_source_command(const Invocation& call);

int db_check_command(const Invocation& call);
int db_backup_command(const Invocation& call);
int db_prune_command(const Invocation& call);
int db_forget_command(const Invocation& call);
int doctor_command(const Invocation& call);
int version_command(const Invocation& call);
int completion_command(const Invocation& call);
int help_command(const Invocation& call);

}  // namespace baton::cli
