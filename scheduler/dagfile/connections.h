// `connections`, of a DAG file and of baton.yaml. One loading thread.
#pragma once

#include <vector>

#include "scheduler/dagfile/node.h"
#include "scheduler/dagfile/reporter.h"
#include "scheduler/model/connection.h"

namespace baton::dagfile {

/// In the order of the file. Paths stay as they are written.
std::vector<Connection> read_connections(Node node, Reporter& reporter);

}  // namespace baton::dagfile
