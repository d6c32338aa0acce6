// TaskBody: what a task says below its kind where that is more than one text (http, sql, checks, approval,
// trigger_dag): the JSON as written, and the places in it that hold expressions, compiled. A DAG file and a stored
// version make it by the same function (scheduler/dagfile/task_body.h); scheduler/engine/body.h evaluates it.
// Immutable; any thread.
#pragma once

#include <string>
#include <vector>

#include "scheduler/model/text.h"

namespace baton {

struct TaskBody {
  // A place is a JSON pointer (RFC 6901) into `json`: "/headers/Accept", "/0/expect"; empty: the whole of it.
  struct TextAt {
    std::string place;
    Text text;  ///< one whole expression keeps the type of its value
  };
  struct ScriptAt {
    std::string place;
    Script script;  ///< each value quoted for the place where it stands
  };
  /// A value that its author wrote as `{secret: name}` where the kind takes secrets. Nothing else becomes one: what an
  /// expression comes to never names a secret.
  struct SecretAt {
    std::string place;
    std::string name;
  };

  std::string json;  ///< canonical, as written: it alone is kept with the version; all else follows from it
  std::vector<TextAt> texts;  ///< these three in the order of `json`
  std::vector<ScriptAt> scripts;
  std::vector<SecretAt> secrets;

  [[nodiscard]] bool is_set() const { return !json.empty(); }
};

}  // namespace baton
