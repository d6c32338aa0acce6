// DAGs that somebody wants to find again: everybody's own, by the name that the request comes under.
#include <utility>

#include "web/api/answers.h"

namespace baton::api {
namespace {

Result<bool> is_favorite_of(Reader& reader, const std::string& dag_id, const std::string& principal) {
  DagQuery query;
  query.filter.dag_ids = {dag_id};
  query.filter.principal = principal;
  query.page.limit = 1;
  query.page.with_total = false;
  const auto page = reader.list_dags(query);
  if (!page) return page.error();
  if (page->rows.empty()) return Error{"there is no DAG \"" + dag_id + "\"", ErrorKind::not_found};
  return page->rows.front().is_favorite;
}

void change_favorite(const Call& call, const http::Reply& reply, bool removes) {
  const std::string& dag_id = call.request.param("dag_id");
  const std::string& principal = call.request.principal.name;
  {
    auto reader = call.services.readers->take();
    const auto is_one = reader ? is_favorite_of(**reader, dag_id, principal) : Result<bool>(reader.error());
    if (!is_one) return reply.send(read_error(is_one.error(), call));
    if (!*is_one && removes) {
      const Error none{"the DAG \"" + dag_id + "\" is no favorite of " + principal, ErrorKind::conflict};
      return reply.send(http::error_response(none, &call.request));
    }
    if (*is_one && !removes) return reply.send(no_content());
  }
  WriteRecords what;
  what.rows.favorites.push_back({dag_id, principal, call.services.now(), removes});
  what.audit.action = removes ? "unfavorite" : "favorite";
  what.audit.dag_id = dag_id;
  what.object = "favorite/" + dag_id;
  call.services.door->change({std::move(what), "", 204}, asker_of(call.request), once_of(call.request),
                             [call, reply](const Result<Changed>& done) {
                               reply.send(done ? no_content() : http::error_response(done.error(), &call.request));
                             });
}

}  // namespace

void add_favorites(Operations& operations) {
  operations.later["favorite_dag"] = [](const Call& call, const http::Reply& reply) {
    change_favorite(call, reply, false);
  };
  operations.later["unfavorite_dag"] = [](const Call& call, const http::Reply& reply) {
    change_favorite(call, reply, true);
  };
  operations.made["favorite"] = [](const Call&, const std::string&) { return no_content(); };
}

}  // namespace baton::api
