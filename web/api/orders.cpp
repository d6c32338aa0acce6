#include "web/api/orders.h"

namespace baton::api {

const std::vector<std::pair<std::string_view, RunField>>& run_orders() {
  static const std::vector<std::pair<std::string_view, RunField>> orders = {
      {"id", RunField::number},
      {"dag_id", RunField::dag_id},
      {"dag_run_id", RunField::run_id},
      {"run_id", RunField::run_id},
      {"state", RunField::state},
      {"run_type", RunField::type},
      {"logical_date", RunField::logical_date},
      {"run_after", RunField::run_after},
      {"queued_at", RunField::queued_at},
      {"start_date", RunField::started_at},
      {"end_date", RunField::ended_at},
      {"updated_at", RunField::updated_at},
      {"duration", RunField::duration},
      {"conf", RunField::conf},
  };
  return orders;
}

const std::vector<std::pair<std::string_view, InstanceField>>& instance_orders() {
  static const std::vector<std::pair<std::string_view, InstanceField>> orders = {
      {"id", InstanceField::number},
      {"task_id", InstanceField::task_id},
      {"dag_id", InstanceField::dag_id},
      {"run_id", InstanceField::run_id},
      {"map_index", InstanceField::map_index},
      {"rendered_map_index", InstanceField::map_key},
      {"state", InstanceField::state},
      {"try_number", InstanceField::try_number},
      {"pool", InstanceField::pool},
      {"start_date", InstanceField::started_at},
      {"end_date", InstanceField::ended_at},
      {"duration", InstanceField::duration},
      {"logical_date", InstanceField::logical_date},
      {"run_after", InstanceField::run_after},
      {"operator", InstanceField::kind},
  };
  return orders;
}

}  // namespace baton::api
