// Accounting: what attempts have used, summed by DAG, owner, pool, task or day.
#include <algorithm>

#include "scheduler/insight/accounting.h"
#include "scheduler/json/json_value.h"
#include "scheduler/model/number.h"
#include "web/api/answers.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"

namespace baton::api {

namespace {

constexpr DurationUs kSpanDefault = 30 * kDay;

http::Response list_accounts(const Call& call) {
  AccountQuery query;
  const std::vector<std::string> by = words(call.request, "by");
  for (std::size_t k = 0; k < kAccountByNames.size() && !by.empty(); ++k) {
    if (kAccountByNames[k] == by.front()) query.by = static_cast<AccountBy>(k);
  }
  const WallUs now = call.services.now();
  query.until = time_word(call.request, "until").value_or(now);
  query.since = time_word(call.request, "since").value_or(query.until - kSpanDefault);
  if (call.services.prices) query.prices = call.services.prices();
  if (const auto given = words(call.request, "price_per_cpu_hour"); !given.empty()) {
    const std::optional<double> price = is_decimal(given.front()) ? read_double(given.front()) : std::nullopt;
    if (!price || *price < 0) {
      return http::error_response(422, "\"price_per_cpu_hour\" is no amount: write 0.04", &call.request);
    }
    query.prices = {*price, {}};
  }
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  auto rows = (*reader)->accounts(query);
  if (!rows) return read_error(rows.error(), call);
  insight::put_in_order(*rows, query.by);
  const PageRequest page = page_of(call.request);
  const auto total = static_cast<std::int64_t>(rows->size());
  const std::vector<AccountRow> shown = rows_of_page(*rows, page);
  return hashed_response(list_body("accounts", shown, total,
                                   [&query](std::string& out, const AccountRow& row) {
                                     append_json(out, Value(insight::account_value(row, query.prices.are_set())));
                                   }),
                         call);
}

}  // namespace

void add_accounting(Operations& operations) {
  operations.at_once["list_accounts"] = list_accounts;
}

}  // namespace baton::api
