// The reference pipelines as they lie within the program, for `baton init --template`: a newcomer has nothing else.
// Constant data, made by cmake/Templates.cmake from the folder dags; any thread.
#pragma once

#include <string_view>
#include <vector>

namespace baton::cli {

struct TemplateFile {
  std::string_view pipeline;  ///< medallion; empty: belongs to each that has programs (task.py, servers.py)
  std::string_view path;      ///< below the folder of DAGs: medallion/layers.py
  std::string_view bytes;
};

/// In the order of their pipelines; the DAG file of each comes first.
const std::vector<TemplateFile>& template_files();

}  // namespace baton::cli
