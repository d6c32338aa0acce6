// What the commands do that ask a server, and those about it: as handlers.h.
#pragma once

#include "cli/invocation.h"

namespace baton::cli {

int init_command(const Invocation& call);
int trigger_command(const Invocation& call);
int backfill_create_command(const Invocation& call);
int backfill_list_command(const Invocation& call);
int backfill_show_command(const Invocation& call);
int backfill_pause_command(const Invocation& call);
int backfill_resume_command(const Invocation& call);
int backfill_cancel_command(const Invocation& call);
int asset_ls_command(const Invocation& call);
int asset_show_command(const Invocation& call);
int asset_events_command(const Invocation& call);
int asset_event_command(const Invocation& call);
int asset_lineage_command(const Invocation& call);
int asset_impact_command(const Invocation& call);
int asset_quarantine_command(const Invocation& call);
int asset_release_command(const Invocation& call);
int checks_ls_command(const Invocation& call);
int checks_show_command(const Invocation& call);
int state_ls_command(const Invocation& call);
int state_get_command(const Invocation& call);
int state_set_command(const Invocation& call);
int state_rm_command(const Invocation& call);
int breaker_ls_command(const Invocation& call);
int breaker_show_command(const Invocation& call);
int breaker_trip_command(const Invocation& call);
int breaker_reset_command(const Invocation& call);
int approval_ls_command(const Invocation& call);
int approval_show_command(const Invocation& call);
int approval_answer_command(const Invocation& call);
int approval_approve_command(const Invocation& call);
int approval_reject_command(const Invocation& call);
int dlq_ls_command(const Invocation& call);
int dlq_show_command(const Invocation& call);
int dlq_redrive_command(const Invocation& call);
int dlq_discard_command(const Invocation& call);
int dlq_jobs_command(const Invocation& call);
int dlq_cancel_command(const Invocation& call);
int bulk_command(const Invocation& call);
int variable_ls_command(const Invocation& call);
int variable_get_command(const Invocation& call);
int variable_set_command(const Invocation& call);
int variable_rm_command(const Invocation& call);
int variable_import_command(const Invocation& call);
int variable_export_command(const Invocation& call);
int secret_set_command(const Invocation& call);
int secret_ls_command(const Invocation& call);
int secret_rm_command(const Invocation& call);
int pool_ls_command(const Invocation& call);
int pool_set_command(const Invocation& call);
int pool_rm_command(const Invocation& call);
int dag_pause_command(const Invocation& call);
int dag_resume_command(const Invocation& call);
int dag_drain_command(const Invocation& call);
int server_freeze_command(const Invocation& call);
int server_thaw_command(const Invocation& call);
int server_status_command(const Invocation& call);
int context_add_command(const Invocation& call);
int context_use_command(const Invocation& call);
int context_ls_command(const Invocation& call);
int context_rm_command(const Invocation& call);

}  // namespace baton::cli
