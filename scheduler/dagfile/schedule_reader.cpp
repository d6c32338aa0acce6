#include "scheduler/dagfile/schedule_reader.h"

#include <algorithm>
#include <map>

#include "scheduler/dagfile/calendars.h"
#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/task_reader.h"
#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/timetable.h"
#include "scheduler/timetable/zone.h"

namespace baton::dagfile {
namespace {

using timetable::AssetCondition;
using timetable::ScheduleSpec;

class ScheduleReader {
 public:
  ScheduleReader(std::string_view dag_id, const ScheduleNames& names, Reporter& reporter)
      : dag_id_(dag_id), names_(names), reporter_(reporter) {}

  std::shared_ptr<const ScheduleSpec> read(Node node) {
    const std::size_t errors_before = reporter_.error_count();
    if (node.is_list()) {
      for (const Node item : Items(node)) read_one(item);
      // One that names no zone is in UTC, whatever the others of the list are in.
      for (timetable::ScheduleEntry& entry : spec_.entries) {
        if (entry.timezone.empty() && spec_.timezone != "UTC") entry.timezone = "UTC";
      }
    } else {
      read_one(node);
    }
    if (reporter_.error_count() == errors_before) check_fires(node);
    return std::make_shared<const ScheduleSpec>(std::move(spec_));
  }

 private:
  void read_one(Node node) {
    if (node.is_scalar()) return add_text(node);
    if (node.is_map()) read_map(node);
  }

  void add_text(Node node) {
    int column = 0;
    auto entry = timetable::parse_schedule_text(node.text(), dag_id_, &column);
    if (!entry) return report_text(node, entry.error().message, column);
    spec_.entries.push_back(std::move(entry).value());
  }

  void report_text(Node node, const std::string& message, int column) {
    Span where = node.span();
    if (column > 0 && static_cast<std::size_t>(column) <= node.text().size()) {
      where.begin = node.source_offset(static_cast<std::size_t>(column) - 1);
      where.end = std::max(where.end, where.begin + 1);
    }
    const bool never = message.find("never") != std::string::npos;
    reporter_.error(never ? Rule::schedule_never : Rule::invalid_schedule, where, message);
  }

  void read_map(Node node) {
    const Node cron = node.find("cron");
    const Node every = node.find("every");
    const Node assets = node.find("assets");
    if (cron && every)
      reporter_.error(Rule::conflicting_keys, every.span(), "\"cron\" and \"every\" exclude each other");
    if (!cron && !every && !assets) {
      reporter_.error(Rule::invalid_schedule, node.span(),
                      "a schedule needs one of \"cron\", \"every\" and \"assets\"");
    }
    const std::string zone = read_timezone(node.find("timezone"), Rule::invalid_schedule, reporter_);
    timetable::ScheduleEntry entry;
    entry.timezone = zone;
    if (cron && cron.is_scalar()) {
      int column = 0;
      auto parsed = timetable::parse_schedule_text(cron.text(), dag_id_, &column);
      if (parsed) {
        entry.cron = parsed->cron;
        entry.every_us = parsed->every_us;
        spec_.entries.push_back(entry);
      } else {
        report_text(cron, parsed.error().message, column);
      }
    } else if (every && every.is_scalar()) {
      entry.every_us = read_duration(every, kSecond);
      if (entry.every_us < kSecond || entry.every_us % kSecond != 0) {
        reporter_.error(Rule::invalid_duration, every.span(), "\"every\" must be whole seconds, at least one");
      }
      spec_.entries.push_back(entry);
    }
    if (assets) read_assets_of(assets, node);
    read_options(node, zone);
  }

  /// Options hold for the whole schedule: in a list they may not differ.
  void read_options(Node node, const std::string& zone) {
    if (!zone.empty()) {
      if (!zone_given_) spec_.timezone = zone;
      zone_given_ = true;
    }
    const auto tz = timetable::load_zone(zone.empty() ? spec_.timezone : zone);
    const auto instant = [&](std::string_view key, WallUs& target) {
      const Node value = node.find(key);
      if (!value || !value.is_scalar()) return;
      const auto at = timetable::parse_time(value.text(), tz ? *tz : timetable::utc());
      if (at) keep(value, key, target, *at, kNoTime);
    };
    instant("start", spec_.start);
    instant("end", spec_.end);
    if (spec_.start != kNoTime && spec_.end != kNoTime && spec_.end <= spec_.start) {
      reporter_.error(Rule::schedule_never, (node.find("end") ? node.find("end") : node).span(),
                      "\"end\" is not after \"start\", so nothing can ever fire");
    }
    for (const std::string_view key : {"catchup", "overlap", "jitter"}) check_one(node.find(key), key);
    if (const Node value = node.find("catchup"); value && value.is_scalar()) {
      spec_.catchup = value.text() == "all"      ? timetable::Catchup::all
                      : value.text() == "latest" ? timetable::Catchup::latest
                                                 : timetable::Catchup::none;
    }
    if (const Node value = node.find("overlap"); value && value.is_scalar()) {
      spec_.overlap = value.text() == "skip"             ? timetable::Overlap::skip
                      : value.text() == "cancel_running" ? timetable::Overlap::cancel_running
                                                         : timetable::Overlap::queue;
    }
    spec_.jitter_us = read_duration(node.find("jitter"), spec_.jitter_us);
    read_calendar(node.find("calendar"));
  }

  /// The schedules of a list are caught up and wait for each other as one: which of two words counts must not be a
  /// guess.
  void check_one(Node value, std::string_view key) {
    if (!value || !value.is_scalar()) return;
    const auto [first, is_new] = options_given_.try_emplace(std::string(key), value.text());
    if (!is_new && first->second != value.text()) say_differs(value, key);
  }

  void say_differs(Node where, std::string_view key) {
    reporter_.error(Rule::conflicting_keys, where.span(), "the schedules of one list have one " + in_quotes(key));
  }

  template <typename T>
  void keep(Node where, std::string_view key, T& target, T value, T unset) {
    if (target != unset && target != value) say_differs(where, key);
    target = value;
  }

  void read_calendar(Node node) {
    if (!node) return;
    const auto add = [&](Node names, std::vector<std::string>& to) {
      if (!names) return;
      const auto one = [&](Node name) {
        if (!name.is_scalar()) return;
        std::vector<std::string_view> known(names_.calendars.begin(), names_.calendars.end());
        known.emplace_back("business_days");
        if (std::find(known.begin(), known.end(), name.text()) == known.end()) {
          reporter_.error(Rule::unknown_calendar, name.span(), "there is no calendar " + in_quotes(name.text()),
                          did_you_mean_hint(name.text(), known));
        }
        to.emplace_back(name.text());
      };
      if (names.is_list()) {
        for (const Node item : Items(names)) one(item);
      } else {
        one(names);
      }
    };
    if (node.is_scalar()) add(node, spec_.calendar.only);
    if (node.is_map()) {
      add(node.find("only"), spec_.calendar.only);
      add(node.find("exclude"), spec_.calendar.exclude);
    }
  }

  void read_assets_of(Node node, Node schedule) {
    if (spec_.assets) {
      reporter_.error(Rule::conflicting_keys, node.span(), "a DAG has one schedule on assets", "use all and any");
    }
    spec_.assets = condition(node);
    spec_.assets_merge = read_bool(schedule.find("merge"), false);
  }

  AssetCondition condition(Node node) {
    AssetCondition out;
    if (node.is_scalar()) {
      out.asset = node.text();
      if (std::find(names_.assets.begin(), names_.assets.end(), out.asset) == names_.assets.end()) {
        reporter_.error(
            Rule::unknown_asset, node.span(), "there is no asset " + in_quotes(out.asset),
            did_you_mean_hint(out.asset, std::vector<std::string_view>(names_.assets.begin(), names_.assets.end())));
      }
      return out;
    }
    out.kind = AssetCondition::Kind::all;
    Node list = node;
    if (node.is_map()) {
      const Node all = node.find("all");
      const Node any = node.find("any");
      if (static_cast<bool>(all) == static_cast<bool>(any)) {
        reporter_.error(Rule::conflicting_keys, node.span(), "a condition on assets is one of \"all\" and \"any\"");
      }
      list = all ? all : any;
      if (!all && any) out.kind = AssetCondition::Kind::any;
    }
    if (!list || !list.is_list()) return out;
    if (list.size() == 0) reporter_.error(Rule::invalid_schedule, list.span(), "the condition names no asset");
    for (const Node item : Items(list)) out.children.push_back(condition(item));
    return out;
  }

  /// What the parts do not show alone: a schedule without a single tick.
  void check_fires(Node node) {
    auto calendars = calendars_from_json(names_.calendars_json);
    for (auto& calendar : calendars_from_json(names_.more_calendars_json)) calendars.push_back(std::move(calendar));
    const auto built = timetable::Timetable::build(spec_, dag_id_, calendars);
    if (!built) reporter_.error(Rule::schedule_never, node.span(), built.error().message);
  }

  std::string_view dag_id_;
  const ScheduleNames& names_;
  Reporter& reporter_;
  ScheduleSpec spec_;
  bool zone_given_ = false;
  std::map<std::string, std::string> options_given_;
};

}  // namespace

std::string read_timezone(Node node, Rule rule, Reporter& reporter) {
  if (!node || !node.is_scalar()) return {};
  if (timetable::load_zone(node.text())) return std::string(node.text());
  const auto known = timetable::known_zones();
  reporter.error(rule, node.span(), "there is no time zone " + in_quotes(node.text()),
                 did_you_mean_hint(node.text(), std::vector<std::string_view>(known.begin(), known.end())));
  return {};
}

std::shared_ptr<const ScheduleSpec> read_schedule(Node node, std::string_view dag_id, const ScheduleNames& names,
                                                  Reporter& reporter) {
  if (!node || node.is_null()) return nullptr;
  if (node.is_scalar() && (node.text() == "none" || node.text() == "manual")) return nullptr;
  return ScheduleReader(dag_id, names, reporter).read(node);
}

}  // namespace baton::dagfile
