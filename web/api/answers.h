// How operations answer with what they read: errors of the Reader, lists with their ETag, one run or instance by the
// names in the path. One thread at a time.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "web/api/known_dags.h"
#include "web/api/objects.h"
#include "web/api/services.h"
#include "web/http/errors.h"

namespace baton::api {

/// An error of a read: what the query asked for and cannot have is 400.
http::Response read_error(const Error& error, const Call& call);
/// 400 for a word that orders nothing here.
http::Response order_error(const std::string& word, const Call& call);
/// A list of one snapshot: its number is the ETag's base.
http::Response list_response(std::string body, std::int64_t seq, const Call& call);

/// What a page of a list that goes on by key says beside its rows, for who asked for a cursor, and of totals that are
/// capped: `next_cursor`, `total_entries_limit`.
void add_paging(std::string& body, bool is_capped, const std::string& next, const std::string& previous,
                const Call& call);
/// `Link: rel=next` to the page behind this one, with the words of the query as they came.
void add_next_link(http::Response& response, const std::string& next, const Call& call);

/// A page of a list that goes on by key; `body` as list_body() makes it.
template <typename Page>
http::Response page_response(std::string body, const Page& page, const Call& call) {
  add_paging(body, page.total_is_capped, page.next, page.previous, call);
  http::Response response = list_response(std::move(body), page.seq, call);
  add_next_link(response, page.next, call);
  return response;
}
template <typename Page, typename Append>
http::Response page_response(std::string_view name, const Page& page, Append append, const Call& call) {
  return page_response(list_body(name, page.rows, page.total, append), page, call);
}

/// Of one object, whose row has this number.
http::Response object_response(std::string body, std::int64_t seq, const Call& call);
/// Of what has no number of its own: its content is the ETag.
http::Response hashed_response(std::string body, const Call& call);
/// 204.
http::Response no_content();

/// The run that `dag_id` and `dag_run_id` of the path name. not_found: there is none.
Result<RunNo> run_of_path(Reader& reader, const http::Request& request);
/// The instance that `task_id` and `map_index` name beside the run. A mapped one without its index is not found: which
/// would it be?
Result<InstanceView> instance_of_path(Reader& reader, const http::Request& request);
/// The newest version of the DAG that `dag_id` of the path names. not_found: there is none.
Result<DagView> dag_of_path(Reader& reader, const Call& call);
/// What the DAG says of itself; empty where its version cannot be read: then what only that says is null.
KnownDag known_of(Reader& reader, const DagView& dag, const Call& call);
/// not_found: there is no such DAG. `~` is every DAG.
Status check_dag(Reader& reader, const std::string& dag_id);

/// The run as it is now; `wait`: what keeps it from beginning, as the scheduler has it.
http::Response run_response(Reader& reader, RunNo run_no, int status, const Call& call,
                            QueueWait wait = QueueWait::none);
/// The same, with its wait, which the scheduler is asked for. Any thread.
void answer_with_run(RunNo run_no, const Call& call, const http::Reply& reply);

/// Instances of runs by their numbers, as they are now: a list like any other. Runs and instances that are gone are left
/// out.
http::Response instances_response(Reader& reader,
                                  const std::vector<std::pair<RunNo, std::vector<InstanceNo>>>& instances,
                                  const Call& call);

/// `labels` of the body. invalid: one of them is none, or they are too many.
Result<Labels> labels_of_body(const Call& call);

/// A run of `ask.dag_id`, with what else the body says of it; answered with the run when it is durable.
void trigger_run(TriggerAsk ask, const Call& call, const http::Reply& reply);

Asker asker_of(const http::Request& request);
Once once_of(const http::Request& request);

}  // namespace baton::api
