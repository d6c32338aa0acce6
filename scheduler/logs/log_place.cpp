#include "scheduler/logs/log_place.h"

namespace baton::logs {

std::string folder_of_run(const std::string& state_folder, RunNo run_no) {
  return state_folder + "/logs/" + std::to_string(run_no);
}

std::string log_path(const std::string& state_folder, RunNo run_no, InstanceNo instance_no, Epoch epoch) {
  return folder_of_run(state_folder, run_no) + "/" + std::to_string(instance_no) + "." + std::to_string(epoch) + ".log";
}

std::string index_path(const std::string& log_path) {
  return log_path + ".idx";
}

std::string cut_path(const std::string& log_path) {
  return log_path + ".cut";
}

}  // namespace baton::logs
