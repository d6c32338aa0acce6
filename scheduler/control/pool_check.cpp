#include "scheduler/control/pool_check.h"

#include <string>

namespace baton {

Status fits_pools(const Dag& dag, TaskNo t, const Admission& admission) {
  for (const PoolUse& use : dag.spec(t).pools) {
    const auto capacity = admission.capacity(use.name);
    const std::string who = "task \"" + dag.task(t).id + "\" wants " + std::to_string(use.slots) + " of pool \"" +
                            use.name + "\"";
    if (!capacity) return Error{who + ", which does not exist", ErrorKind::invalid};
    if (use.slots > *capacity && !admission.is_set_by_person(use.name)) {  // else it waits for that person
      return Error{who + ", which has " + std::to_string(*capacity), ErrorKind::invalid};
    }
  }
  return Unit{};
}

Status rest_fits_pools(const DagRun& run, const Admission& admission) {
  for (const Instance& instance : run.instances) {
    if (is_final(instance.state)) continue;
    if (Status fits = fits_pools(*run.dag, instance.task_no, admission); !fits) return fits;
  }
  return Unit{};
}

}  // namespace baton
