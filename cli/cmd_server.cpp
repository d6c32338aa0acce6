// `server`: a scheduler that stays, for all runs of a state folder.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "cli/dag_lookup.h"
#include "cli/foreground.h"
#include "cli/handlers.h"
#include "cli/reading.h"
#include "cli/server_log.h"
#include "cli/serving.h"
#include "cli/state_lookup.h"
#include "scheduler/dagfile/config_keys.h"
#include "scheduler/host/local/local_actor.h"
#include "scheduler/host/local/local_server.h"
#include "scheduler/host/local/secrets.h"

namespace baton::cli {
namespace {

Result<LocalServerOptions> options_of(const Invocation& call) {
  LocalServerOptions options;
  options.state_folder = state_folder_of(call.args()).string();
  Result<Config> config = load_config_beside(call, std::filesystem::current_path() / "baton.yaml");
  if (!config) return config.error();
  options.config = std::move(*config);
  const Result<std::int64_t> slots = number_of(call.args(), "slots", 0, 1);
  if (!slots) return slots.error();
  options.slots = static_cast<std::int32_t>(std::min<std::int64_t>(*slots, 100'000));
  auto secrets = Secrets::load(call.args().value("secrets"));
  if (!secrets) return secrets.error();
  secrets->look_in(std::make_shared<Vault>(options.state_folder));
  options.secret = secret_source(std::move(secrets).value(), options.config.profile);
  options.purpose = "server";
  options.actor = actor_of(getuid(), "cli");
  options.version = BATON_VERSION;
  options.drains = call.args().has("drain");
  return options;
}

/// `--listen ADDRESS[:PORT]`. A port that was named is not exchanged for another one.
Status read_listen(const std::string& text, ServingOptions& out) {
  if (text.empty()) return Unit{};
  out.may_move = false;
  const auto colon = text.rfind(':');
  out.address = text.substr(0, colon);
  // As a browser writes them.
  if (out.address.starts_with('[') && out.address.ends_with(']'))
    out.address = out.address.substr(1, out.address.size() - 2);
  if (out.address == "localhost") out.address = "127.0.0.1";
  if (colon == std::string::npos) return Unit{};
  const std::string port = text.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size()) {
    return Error{"--listen wants ADDRESS:PORT, as 127.0.0.1:8080 or 127.0.0.1:0 for a free port, not \"" + text + "\""};
  }
  out.port = number;
  return Unit{};
}

/// What of the settings is said here, and not in baton.yaml alone.
std::vector<GivenWord> given_words(const Invocation& call, const LocalServerOptions& server,
                                   const ServingOptions& serving) {
  const Arguments& args = call.args();
  std::vector<GivenWord> words;
  const auto by = [&](const char* flag, const char* variable = nullptr) {
    return args.has(flag) ? "flag" : variable != nullptr && std::getenv(variable) != nullptr ? "environment" : "default";
  };
  if (args.has("listen")) words.push_back({"listen", args.value("listen"), "flag"});
  if (args.has("public-url")) words.push_back({"public_url", args.value("public-url"), "flag"});
  if (args.has("log-format")) words.push_back({"log.format", args.value("log-format"), "flag"});
  words.push_back({"state", server.state_folder, by("state", "BATON_STATE")});
  words.push_back({"dags", serving.dags_folder, by("dags")});
  words.push_back({"slots", server.slots > 0 ? std::to_string(server.slots) : "as many as CPUs", by("slots")});
  words.push_back({"secrets", args.value("secrets"), by("secrets")});
  words.push_back({"drain", server.drains ? "at the end it waits for tasks that run" : "", by("drain")});
  const std::string profile = by("profile", "BATON_PROFILE");
  if (profile != "default") words.push_back({"profile", server.config.profile.name, profile});
  return words;
}

Result<ServingOptions> serving_options(const Invocation& call, const Config& config) {
  ServingOptions out;
  out.dags_folder = std::filesystem::absolute(call.args().value("dags", "dags")).lexically_normal().string();
  out.version = BATON_VERSION;
  out.config_path = config.path.empty() ? (std::filesystem::current_path() / "baton.yaml").string() : config.path;
  out.page_folder = call.args().value("ui-dir");
  if (Status read = read_listen(call.args().value("listen", config.listen), out); !read) return read.error();
  out.public_url = call.args().value("public-url", config.public_url);
  if (!out.public_url.empty() && host_of_url(out.public_url).empty()) {
    return Error{"--public-url wants a URL as https://baton.example.org, not \"" + out.public_url + "\"",
                 ErrorKind::invalid};
  }
  return out;
}

}  // namespace

int server_command(const Invocation& call) {
  Result<LocalServerOptions> options = options_of(call);
  if (!options) return call.fail(options.error());
  Result<ServingOptions> serving = serving_options(call, options->config);
  if (!serving) return call.fail(serving.error());
  serving->given = given_settings(options->config, config_keys_of_file(options->config.path),
                                   given_words(call, *options, *serving));
  ServerLog log(call, call.args().value("log-format", options->config.log_format) == "json");
  std::error_code ignored;
  const std::filesystem::path dags = serving->dags_folder;
  const bool is_there = std::filesystem::exists(dags, ignored);
  if (is_there && !std::filesystem::is_directory(dags, ignored)) {
    return call.fail({"--dags wants a folder, and " + dags.string() + " is none", ErrorKind::invalid});
  }
  if (!is_there)
    log.notice("there is no folder " + dags.string() + " yet: no DAGs until it comes (`baton init` makes one)");
  const std::string folder = options->state_folder;
  auto server = LocalServer::open(std::move(*options), log);
  if (!server) return log.fail(with_way_out(server.error(), folder));
  std::optional<Error> refused;
  (*server)->on_loop([&](LocalServer& self) -> LocalServer::Attachment {
    auto begun = Serving::begin(self, *serving, log);
    if (!begun) {
      refused = begun.error();
      self.close();
      return nullptr;
    }
    self.on_closing([parts = begun->get()] { parts->close(); });
    log.serving(folder, serving->dags_folder, (*begun)->url(), (*begun)->login_url());
    return *begun;
  });
  const Status served = (*server)->serve();
  if (refused) return log.fail(*refused);
  if (!served) return log.fail(served.error());
  log.notice("the server has ended");
  return kOk;
}

}  // namespace baton::cli
