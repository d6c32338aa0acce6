// The SqliteReader's pages of task instances, of one run or of all, in any order.
#include <algorithm>

#include "scheduler/store/reader_connection.h"

namespace baton::sqlite {
namespace {

/// Few enough that they are sorted rather than looked for along another order.
constexpr std::int64_t kFewInstances = 20'000;
/// The terms of the partial index of what needs attention, word by word, let SQLite use it.
constexpr char kAttention[] = " AND t.state >= 5 AND t.state <= 10 AND t.state <> 6";
constexpr char kLiveRuns[] =
    " AND t.run_no IN (SELECT run_no FROM dag_run WHERE state IN (0, 1) UNION"
    " SELECT run_no FROM dag_run WHERE hooks_open = 1)";
constexpr char kUpdatedAt[] =
    "max(coalesce(t.ended_at, 0), coalesce(t.started_at, 0), coalesce(t.queued_at, 0), coalesce(t.scheduled_at, 0))";

bool needs_attention(TaskState state) {
  return state == TaskState::failed || state == TaskState::upstream_failed || state == TaskState::up_for_retry ||
         state == TaskState::up_for_reschedule || state == TaskState::deferred;
}
/// Only instances of a run that has not ended stand in these.
bool lives(TaskState state) {
  return state == TaskState::scheduled || state == TaskState::queued || state == TaskState::running;
}

bool is_of_run(InstanceField field) {
  return field == InstanceField::dag_id || field == InstanceField::run_id || field == InstanceField::logical_date ||
         field == InstanceField::run_after || field == InstanceField::interval_start ||
         field == InstanceField::interval_end;
}
bool is_of_task(InstanceField field) {
  return field == InstanceField::task_id || field == InstanceField::kind || field == InstanceField::pool;
}

/// What is walked first: the runs, then the instances of each; or the instances, each with its run.
enum class Leading : std::uint8_t { runs, instances };

/// The run's number, by the name that it has in what is walked first: only so does SQLite see that it comes in order.
SortTerm run_term(Leading leading, bool descending) {
  return {100, leading == Leading::runs ? "r.run_no" : "t.run_no", false, false, false, descending};
}

/// `one_each`: of a run in which each task has one instance, which has its number.
void add_terms(const OrderBy<InstanceField>& by, Leading leading, bool one_each, std::vector<SortTerm>& terms) {
  SortTerm term{static_cast<int>(by.field), "", false, false, false, by.descending};
  switch (by.field) {
    case InstanceField::number:
      terms.push_back(run_term(leading, by.descending));
      term.sql = "t.instance_no";
      term.is_unique = true;
      break;
    case InstanceField::task:
      terms.push_back(run_term(leading, true));
      terms.push_back({101, one_each ? "t.instance_no" : "t.task_no"});
      term.sql = "t.map_index";
      term.is_unique = true;
      term.descending = false;
      break;
    case InstanceField::dag_id: term.sql = "d.dag_id"; term.is_text = true; break;
    case InstanceField::run_id: term.sql = "r.run_id"; term.is_text = true; break;
    case InstanceField::task_id: term.sql = "k.task_id"; term.is_text = true; break;
    case InstanceField::map_index: term.sql = "t.map_index"; break;
    case InstanceField::map_key: term.sql = "m.map_key"; term.is_text = term.may_be_null = true; break;
    case InstanceField::state: term.sql = "t.state"; break;
    case InstanceField::try_number: term.sql = "t.try_number"; break;
    case InstanceField::kind: term.sql = "k.kind"; break;
    case InstanceField::pool: term.sql = "k.pool"; term.is_text = term.may_be_null = true; break;
    case InstanceField::started_at: term.sql = "t.started_at"; term.may_be_null = true; break;
    case InstanceField::ended_at: term.sql = "t.ended_at"; term.may_be_null = true; break;
    case InstanceField::updated_at: term.sql = kUpdatedAt; break;
    case InstanceField::duration: term.sql = "(t.ended_at - t.started_at)"; term.may_be_null = true; break;
    case InstanceField::logical_date: term.sql = "r.logical_date"; term.may_be_null = true; break;
    case InstanceField::run_after: term.sql = "r.run_after"; term.may_be_null = true; break;
    case InstanceField::interval_start: term.sql = "r.interval_start"; term.may_be_null = true; break;
    case InstanceField::interval_end: term.sql = "r.interval_end"; term.may_be_null = true; break;
  }
  terms.push_back(std::move(term));
}

PageWalk walk_of(const InstanceQuery& query, Leading leading, bool one_each) {
  std::vector<SortTerm> terms;
  for (const auto& by : query.order) add_terms(by, leading, one_each, terms);
  if (terms.empty()) add_terms({InstanceField::number}, leading, one_each, terms);
  SortTerm last{102, "t.instance_no", false, false, true};
  return {'i', std::move(terms), {run_term(leading, false), last}, "t.run_no, t.instance_no", query.page};
}

/// One page of task instances.
class InstanceList {
 public:
  InstanceList(ReaderConnection& connection, const InstanceQuery& query)
      : connection_(connection), query_(query), filter_(query.filter) {}

  Result<InstancePage> page() {
    const auto how = choose();
    if (!how) return how.error();
    PageWalk walk = walk_of(query_, how->leading, how->one_each);
    if (Status key = walk.take_key(); !key) return key.error();
    if (how->sorts) walk.sort();
    const auto from = this->from(how->leading);
    if (!from) return from.error();
    auto rows = walk.rows(connection_, *from);
    if (!rows) return rows.error();
    InstancePage page;
    walk.cut(*rows, page);
    std::vector<InstanceKey> keys;
    for (const WalkedRow& row : *rows) keys.push_back({row.first, static_cast<InstanceNo>(row.second)});
    auto views = connection_.instances(keys);
    if (!views) return views.error();
    page.rows = std::move(*views);
    if (Status counted = finish(page); !counted) return counted.error();
    return page;
  }

 private:
  struct Plan {
    Leading leading = Leading::instances;
    bool sorts = false;
    bool one_each = false;
  };

  [[nodiscard]] InstanceField field() const {
    return query_.order.empty() ? InstanceField::number : query_.order[0].field;
  }
  [[nodiscard]] bool has_order(bool (*of)(InstanceField)) const {
    return std::ranges::any_of(query_.order, [&](const auto& by) { return of(by.field); });
  }
  [[nodiscard]] bool names_runs() const {
    const RunFilter& run = filter_.run;
    return !run.dag_ids.empty() || !run.states.empty() || names_more_than_dag_and_state(run);
  }
  [[nodiscard]] bool all_states(bool (*are)(TaskState)) const {
    return !filter_.states.empty() && std::ranges::all_of(filter_.states, are);
  }

  Result<Plan> choose() {
    if (filter_.run_no) {
      const auto one_each = field() == InstanceField::task ? has_one_each() : Result<bool>(false);
      if (!one_each) return one_each.error();
      return Plan{Leading::instances, field() != InstanceField::number && field() != InstanceField::task, *one_each};
    }
    const Leading leading = names_runs() ? Leading::runs : Leading::instances;
    switch (field()) {
      case InstanceField::number:
      case InstanceField::task:
        return Plan{leading, false};
      case InstanceField::logical_date:
      case InstanceField::run_after:
        return Plan{Leading::runs, false};
      case InstanceField::started_at: {
        const bool narrows = names_runs() || all_states(needs_attention) || all_states(lives);
        const auto few = narrows ? are_at_most(kFewInstances, leading) : Result<bool>(false);
        if (!few) return few.error();
        return *few ? Plan{leading, true} : Plan{Leading::instances, false};
      }
      default:
        return choose_sorted(leading);
    }
  }

  /// The first instances of a run are its tasks in order, those that a mapping makes follow: where there are no more, the
  /// order of tasks is that of the rows, and ten thousand need not be sorted for a page.
  Result<bool> has_one_each() {
    const auto same = connection_.integers(
        "SELECT (SELECT max(instance_no) FROM task_instance WHERE run_no = ?1) = (SELECT max(task_no) FROM dag_task"
        " WHERE version_no = (SELECT version_no FROM dag_run WHERE run_no = ?1))", *filter_.run_no);
    if (!same) return same.error();
    return same->at(0) != 0;
  }

  Result<Plan> choose_sorted(Leading leading) {
    if (filter_.run.dag_ids.size() == 1 || !filter_.run.run_ids.empty()) return Plan{leading, true};
    const auto wants_one = [](InstanceField by) { return by == InstanceField::duration || by == InstanceField::kind; };
    if (has_order(wants_one)) {
      return Error{"task instances can be ordered by their duration or kind within one run or one DAG only"};
    }
    const auto few = are_at_most(kTotalMax, leading);
    if (!few) return few.error();
    if (!*few) return Error{"too many task instances for this order: name a run, a DAG, or a time"};
    return Plan{leading, true};
  }

  Result<bool> are_at_most(std::int64_t most, Leading leading) {
    const auto from = this->from(leading);
    if (!from) return from.error();
    const auto count = connection_.count(*from, most);
    if (!count) return count.error();
    return *count <= most;
  }

  Result<Query> from(Leading leading) {
    Query query;
    const bool with_run = names_runs() || has_order(is_of_run) || needs_task();
    if (leading == Leading::runs) {
      query.add(" FROM dag_run r CROSS JOIN task_instance t ON t.run_no = r.run_no");
    } else {
      query.add(with_run ? " FROM task_instance t CROSS JOIN dag_run r ON r.run_no = t.run_no" : " FROM task_instance t");
    }
    if (std::ranges::any_of(query_.order, [](const auto& by) { return by.field == InstanceField::dag_id; })) {
      query.add(" CROSS JOIN dag d ON d.dag_no = r.dag_no");
    }
    if (needs_task()) query.add(" CROSS JOIN dag_task k ON k.version_no = r.version_no AND k.task_no = t.task_no");
    if (needs_item()) {
      query.add(" LEFT JOIN mapped_item m ON m.run_no = t.run_no AND m.instance_no = t.instance_no");
    }
    query.add(" WHERE 1");
    if (filter_.run_no) query.add(" AND t.run_no = ?", *filter_.run_no);
    if (!with_run && !filter_.run_no) {
      const auto doomed = has_doomed();
      if (!doomed) return doomed.error();
      if (*doomed) query.add(" AND t.run_no NOT IN (SELECT run_no FROM doomed_run)");
    }
    if (Status added = add_run_conditions(connection_, filter_.run, leading == Leading::instances, query); !added) {
      return added.error();
    }
    if (Status added = add_own_conditions(query); !added) return added.error();
    return query;
  }

  /// Whether a large run is on its way out. Mostly none is, and then nobody pays for the question with each row: all
  /// instances are counted along the narrowest index (finish()).
  Result<bool> has_doomed() {
    const auto found = connection_.integers("SELECT EXISTS (SELECT 1 FROM doomed_run WHERE run_no > 0)");
    if (!found) return found.error();
    return found->at(0) != 0;
  }

  [[nodiscard]] bool needs_task() const {
    return !filter_.task_ids.empty() || !filter_.groups.empty() || !filter_.pools.empty() || !filter_.kinds.empty() ||
           !filter_.task_id.is_open() || !filter_.pool.is_open() || !filter_.with_hooks || has_order(is_of_task);
  }
  [[nodiscard]] bool needs_item() const {
    return !filter_.map_key.is_open() || has_order([](InstanceField by) { return by == InstanceField::map_key; });
  }

  Status add_own_conditions(Query& query) {
    add_one_of(query, "k.task_id", filter_.task_ids);
    add_one_of(query, "k.group_id", filter_.groups);
    add_one_of(query, "coalesce(k.pool, '')", filter_.pools);
    add_one_of(query, "coalesce(t.executor, '')", filter_.executors);
    if (Status added = add_match(query, "k.task_id", filter_.task_id); !added) return added;
    if (Status added = add_match(query, "coalesce(k.pool, '')", filter_.pool); !added) return added;
    if (Status added = add_match(query, "m.map_key", filter_.map_key); !added) return added;
    if (!filter_.with_hooks) query.add(" AND k.hook = 0");
    add_one_of_codes(query, "t.map_index", filter_.map_indexes);
    add_one_of_codes(query, "t.try_number", filter_.try_numbers);
    add_one_of_codes(query, "k.kind", filter_.kinds);
    add_range(query, "t.started_at", filter_.started_at);
    add_range(query, "t.ended_at", filter_.ended_at);
    add_range(query, kUpdatedAt, filter_.updated_at);
    add_range(query, "(t.ended_at - t.started_at)", filter_.duration);
    if (filter_.states.empty()) return Unit{};
    query.add(" AND t.state IN (" + codes_of(filter_.states) + ")");
    if (filter_.run_no) return Unit{};
    if (all_states(needs_attention)) query.add(kAttention);
    if (all_states(lives)) query.add(kLiveRuns);
    return Unit{};
  }

  Status finish(InstancePage& page) {
    const auto from = this->from(names_runs() ? Leading::runs : Leading::instances);
    if (!from) return from.error();
    if (query_.page.with_total && from->sql == " FROM task_instance t WHERE 1 AND t.run_no = ?") {
      // All of a run: their numbers have no gaps (recovery refuses a run that has), so that the last one says how many.
      const auto last = connection_.integers(
          "SELECT coalesce((SELECT max(instance_no) FROM task_instance WHERE run_no = ?), -1)", *filter_.run_no);
      if (!last) return last.error();
      return finish_counted(page, last->at(0) + 1, *from);
    }
    if (query_.page.with_total && from->sql == " FROM task_instance t WHERE 1") {
      const auto many = are_many();
      if (!many) return many.error();
      if (*many) return finish_counted(page, kTotalMax + 1, *from);
    }
    return finish_page(connection_, query_.page, *from, page);
  }

  Status finish_counted(InstancePage& page, std::int64_t total, const Query& from) {
    page.total_is_capped = total > kTotalMax;
    page.total = std::min(total, kTotalMax);
    PageRequest rest = query_.page;
    rest.with_total = false;
    return finish_page(connection_, rest, from, page);
  }

  /// Whether there are more instances than are counted. Those that have started lie in a narrow index and are mostly
  /// enough. Instances go with their runs alone, and each run that goes leaves a tombstone: as long as none is new, many
  /// stay many, and nobody counts a hundred thousand again for the next page.
  Result<bool> are_many() {
    const auto gone = connection_.integers("SELECT max(coalesce((SELECT max(seq) FROM tombstone), 0), kept_seq) FROM store");
    if (!gone) return gone.error();
    std::optional<std::int64_t>& many_as_of = connection_.many_instances_as_of();
    if (many_as_of == gone->at(0)) return true;
    const auto started = connection_.count({" FROM task_instance t WHERE t.started_at IS NOT NULL", {}}, kTotalMax);
    if (!started) return started.error();
    many_as_of = *started > kTotalMax ? std::optional(gone->at(0)) : std::nullopt;
    return many_as_of.has_value();
  }

  ReaderConnection& connection_;
  const InstanceQuery& query_;
  const InstanceFilter& filter_;
};

}  // namespace
}  // namespace baton::sqlite

namespace baton {

Result<InstancePage> SqliteReader::list_instances(const InstanceQuery& query) {
  const sqlite::ReaderConnection::Snapshot snapshot(*connection_);
  return sqlite::InstanceList(*connection_, query).page();
}

}  // namespace baton
