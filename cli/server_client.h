// ServerClient: a server as commands ask it. That of a state folder: the REST API over control.sock, where the kernel
// says who asks, so that nobody types a token. That of another machine: over its address, with a token from a file.
// Blocks; main thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/http_client.h"
#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton::cli {

class ServerClient {
 public:
  /// none: nobody holds the folder, or a process that is no server.
  static std::optional<ServerClient> beside(const std::filesystem::path& state_folder);
  /// Who works on a run of the folder: a server, or the terminal that it runs in. none: nobody does, or nobody that
  /// answers. Waits for one that has only just begun.
  static std::optional<ServerClient> working_on(const std::filesystem::path& state_folder, const std::string& run_id);
  /// Whether any process holds the folder.
  static bool is_worked_on(const std::filesystem::path& state_folder);
  /// A server for commands that mean nothing without one, or the server of the context in use. unavailable: with what
  /// to type.
  static Result<ServerClient> of(const Arguments& arguments);

  /// Whether what it answers about lies in the state folder here.
  [[nodiscard]] bool is_here() const { return !folder_.empty(); }

  /// Whether it has failed so because it was a run in a terminal, and that has left its folder: whoever works on it now,
  /// or nobody, can be asked the same.
  [[nodiscard]] bool has_left(const Error& error) const;

  /// Who goes on with a run that it has changed, for people.
  [[nodiscard]] const char* who_goes_on() const {
    return is_run_ ? "it goes on in its terminal" : "the server works on it";
  }

  using Headers = std::vector<std::pair<std::string, std::string>>;
  /// The document of the answer; null where it has none. Errors are those of docs/rest-api.md, with the server's words;
  /// unavailable: it does not answer. `target` is encoded.
  Result<Value> get(const std::string& target) const;
  Result<Value> post(const std::string& target, const ValueMap& body, Headers headers = {}) const;
  Result<Value> put(const std::string& target) const;
  Result<Value> put(const std::string& target, const ValueMap& body) const;
  Result<Value> patch(const std::string& target, const ValueMap& body) const;
  Result<Value> drop(const std::string& target) const;

 private:
  explicit ServerClient(const std::filesystem::path& folder);
  ServerClient(HttpPlace place, std::string token) : place_(std::move(place)), token_(std::move(token)) {}
  Result<Value> ask(HttpAsk ask) const;
  [[nodiscard]] bool may_come() const;

  std::filesystem::path folder_;  ///< empty: it is elsewhere
  bool is_run_ = false;           ///< one in a terminal, which ends when it has ended
  HttpPlace place_;
  std::string token_;
};

/// Of `http://HOST:PORT`. invalid: it is none.
Result<HttpPlace> place_of(const std::string& url);

/// A member of an answer; empty: it is none, or no text.
std::string text_member(const Value& object, std::string_view name);
/// A moment of an answer as people at this terminal have it, local with its offset; what cannot be read as it is;
/// empty: it is none.
std::string time_member(const Value& object, std::string_view name);
/// The same as a list; empty: it is none.
const ValueList& list_member(const Value& object, std::string_view name);
/// The same as a number; 0: it is none.
std::int64_t number_member(const Value& object, std::string_view name);

/// `/api/v2/dags/ID`, and `/api/v2/dags/ID/dagRuns/RUN`: encoded.
std::string dag_target(std::string_view dag_id);
std::string run_target(std::string_view dag_id, std::string_view run_id);

}  // namespace baton::cli
