#include "task/libpq.h"

#include <dlfcn.h>

namespace baton::task {
namespace {

template <typename F>
void find(void* library, const char* name, F& function, std::string& why) {
  function = reinterpret_cast<F>(::dlsym(library, name));
  if (function == nullptr && why.empty()) why = std::string("this libpq has no ") + name;
}

}  // namespace

const Libpq* libpq(std::string& why) {
  static Libpq pq;
  void* const library = ::dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    why = "PostgreSQL is asked through libpq.so.5, which is not installed (on Debian: apt-get install libpq5)";
    return nullptr;
  }
  why.clear();
  find(library, "PQconnectdbParams", pq.connect_params, why);
  find(library, "PQfinish", pq.finish, why);
  find(library, "PQstatus", pq.status, why);
  find(library, "PQerrorMessage", pq.error_message, why);
  find(library, "PQconnectionNeedsPassword", pq.needs_password, why);
  find(library, "PQconnectionUsedPassword", pq.used_password, why);
  find(library, "PQsendQuery", pq.send_query, why);
  find(library, "PQsendQueryParams", pq.send_query_params, why);
  find(library, "PQsetSingleRowMode", pq.set_single_row_mode, why);
  find(library, "PQgetResult", pq.get_result, why);
  find(library, "PQclear", pq.clear, why);
  find(library, "PQresultStatus", pq.result_status, why);
  find(library, "PQresultErrorField", pq.result_error_field, why);
  find(library, "PQresultErrorMessage", pq.result_error_message, why);
  find(library, "PQnfields", pq.nfields, why);
  find(library, "PQfname", pq.fname, why);
  find(library, "PQftype", pq.ftype, why);
  find(library, "PQntuples", pq.ntuples, why);
  find(library, "PQgetisnull", pq.getisnull, why);
  find(library, "PQgetvalue", pq.getvalue, why);
  find(library, "PQgetlength", pq.getlength, why);
  find(library, "PQcmdTuples", pq.cmd_tuples, why);
  find(library, "PQcmdStatus", pq.cmd_status, why);
  find(library, "PQgetCancel", pq.get_cancel, why);
  find(library, "PQfreeCancel", pq.free_cancel, why);
  find(library, "PQcancel", pq.cancel, why);
  find(library, "PQsetNoticeProcessor", pq.set_notice_processor, why);
  return why.empty() ? &pq : nullptr;
}

}  // namespace baton::task
