// libpq, loaded when a task asks PostgreSQL: whoever does not needs no libpq. The types are those of its header.
#pragma once

#include <libpq-fe.h>

#include <string>

namespace baton::task {

struct Libpq {
  decltype(&PQconnectdbParams) connect_params = nullptr;
  decltype(&PQfinish) finish = nullptr;
  decltype(&PQstatus) status = nullptr;
  decltype(&PQerrorMessage) error_message = nullptr;
  decltype(&PQconnectionNeedsPassword) needs_password = nullptr;
  decltype(&PQconnectionUsedPassword) used_password = nullptr;
  decltype(&PQsendQuery) send_query = nullptr;
  decltype(&PQsendQueryParams) send_query_params = nullptr;
  decltype(&PQsetSingleRowMode) set_single_row_mode = nullptr;
  decltype(&PQgetResult) get_result = nullptr;
  decltype(&PQclear) clear = nullptr;
  decltype(&PQresultStatus) result_status = nullptr;
  decltype(&PQresultErrorField) result_error_field = nullptr;
  decltype(&PQresultErrorMessage) result_error_message = nullptr;
  decltype(&PQnfields) nfields = nullptr;
  decltype(&PQfname) fname = nullptr;
  decltype(&PQftype) ftype = nullptr;
  decltype(&PQntuples) ntuples = nullptr;
  decltype(&PQgetisnull) getisnull = nullptr;
  decltype(&PQgetvalue) getvalue = nullptr;
  decltype(&PQgetlength) getlength = nullptr;
  decltype(&PQcmdTuples) cmd_tuples = nullptr;
  decltype(&PQcmdStatus) cmd_status = nullptr;
  decltype(&PQgetCancel) get_cancel = nullptr;
  decltype(&PQfreeCancel) free_cancel = nullptr;
  decltype(&PQcancel) cancel = nullptr;
  decltype(&PQsetNoticeProcessor) set_notice_processor = nullptr;
};

/// Loads it once; nullptr, with the reason, where it cannot be had.
const Libpq* libpq(std::string& why);

}  // namespace baton::task
