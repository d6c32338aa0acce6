#include "cli/control.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <istream>
#include <optional>

#include "scheduler/host/local/local_actor.h"
#include "scheduler/json/json_value.h"

namespace baton {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kLineBytesMax = 65'536;
constexpr const char* kSocketName = "control.sock";

/// The address of a socket in `folder`, through /proc/self/fd: sockaddr_un holds 108 bytes, a path may hold more.
class FolderAddress {
 public:
  explicit FolderAddress(const std::string& folder)
      : fd_(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
        path_("/proc/self/fd/" + std::to_string(fd_) + "/" + kSocketName) {}
  ~FolderAddress() {
    if (fd_ >= 0) close(fd_);
  }
  FolderAddress(const FolderAddress&) = delete;
  FolderAddress& operator=(const FolderAddress&) = delete;
  [[nodiscard]] bool ok() const { return fd_ >= 0; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  int fd_;
  std::string path_;
};

}  // namespace

std::string line_of(const StopRun& request) {
  std::string why = request.why;
  std::ranges::replace(why, '\n', ' ');
  const std::string head = "stop " + std::to_string(request.run_no) + (request.kill ? " kill " : " term ");
  return head + why.substr(0, kLineBytesMax - head.size() - 1);
}

namespace {

std::optional<StopRun> stop_of(const std::string& line) {
  long long run_no = 0;
  char how[8] = "";
  int end = 0;
  if (std::sscanf(line.c_str(), "stop %lld %7s %n", &run_no, how, &end) < 2) return std::nullopt;
  return StopRun{run_no, std::strcmp(how, "kill") == 0, line.substr(static_cast<std::size_t>(end))};
}

constexpr std::string_view kAnswer = "answer ";

std::optional<AnswerApproval> answer_of(const std::string& line) {
  if (!line.starts_with(kAnswer)) return std::nullopt;
  const auto body = from_json(std::string_view(line).substr(kAnswer.size()));
  if (!body || body->type() != ValueType::map) return std::nullopt;
  const auto number = [&](const char* name) {
    const Value* found = body->find(name);
    return found != nullptr && found->type() == ValueType::integer ? found->as_int() : -1;
  };
  const auto text = [&](const char* name) {
    const Value* found = body->find(name);
    return found != nullptr && found->type() == ValueType::string ? found->as_string() : std::string();
  };
  AnswerApproval out;
  out.run_no = number("run_no");
  out.task.task_id = text("task_id");
  if (number("map_index") >= 0) out.task.map_index = static_cast<std::int32_t>(number("map_index"));
  out.epoch = static_cast<Epoch>(std::max<std::int64_t>(0, number("epoch")));
  out.note = text("note");
  if (const Value* params = body->find("params"); params != nullptr) out.params = *params;
  const Value* chosen = body->find("chosen");
  for (std::size_t k = 0; chosen != nullptr && chosen->type() == ValueType::list && k < chosen->as_list().size(); ++k) {
    const Value& one = chosen->as_list()[k];
    if (one.type() == ValueType::string) out.chosen.push_back(one.as_string());
  }
  return out;
}

}  // namespace

std::string line_of(const AnswerApproval& request) {
  ValueList chosen;
  for (const std::string& option : request.chosen) chosen.emplace_back(option);
  return std::string(kAnswer) + to_json(Value(ValueMap{{"run_no", request.run_no},
                                                       {"task_id", request.task.task_id},
                                                       {"map_index", std::int64_t{request.task.map_index.value_or(-1)}},
                                                       {"epoch", std::int64_t{request.epoch}},
                                                       {"chosen", Value(std::move(chosen))},
                                                       {"params", request.params},
                                                       {"note", request.note}}));
}

class ControlServer::Impl {
 public:
  Impl(AsioLoop& loop, const std::string& folder, Stop stop, Answers answers)
      : acceptor_(loop.context()),
        socket_path_(folder + "/" + kSocketName),
        stop_(std::move(stop)),
        answers_(std::move(answers)) {}
  ~Impl() { unlink(socket_path_.c_str()); }

  Status listen(const std::string& folder) {
    const FolderAddress address(folder);
    if (!address.ok()) return Error{"cannot open " + folder + ": " + std::strerror(errno), ErrorKind::storage};
    unlink(address.path().c_str());  // the folder's lock is ours: what lies there is of a dead process
    boost::system::error_code error;
    acceptor_.open(asio::local::stream_protocol(), error);
    if (!error) acceptor_.bind(asio::local::stream_protocol::endpoint(address.path()), error);
    if (!error) chmod(address.path().c_str(), 0600);
    if (!error) acceptor_.listen(8, error);
    if (error) return Error{"cannot listen on " + socket_path_ + ": " + error.message(), ErrorKind::storage};
    accept();
    return Unit{};
  }

 private:
  struct Talk {
    explicit Talk(asio::local::stream_protocol::socket s) : socket(std::move(s)), input(kLineBytesMax) {}
    asio::local::stream_protocol::socket socket;
    asio::streambuf input;
    std::string answer;
  };

  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, asio::local::stream_protocol::socket socket) {
      if (error) return;
      serve(std::make_shared<Talk>(std::move(socket)));
      accept();
    });
  }

  void serve(const std::shared_ptr<Talk>& talk) {
    asio::async_read_until(talk->socket, talk->input, '\n',
                           [this, talk](const boost::system::error_code& error, std::size_t) {
                             if (error) return;
                             std::istream in(&talk->input);
                             std::string line;
                             std::getline(in, line);
                             answer(line, talk);
                           });
  }

  void answer(const std::string& line, const std::shared_ptr<Talk>& talk) {
    const auto reply = [talk](const std::string& text) {
      talk->answer = text + "\n";
      asio::async_write(talk->socket, asio::buffer(talk->answer),
                        [talk](const boost::system::error_code&, std::size_t) {});
    };
    const auto request = stop_of(line);
    const auto answered = answers_ ? answer_of(line) : std::nullopt;
    ucred peer{};
    socklen_t size = sizeof peer;
    if (!request && !answered) return reply("error not understood");
    if (getsockopt(talk->socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
      return reply("error nobody knows who asks");
    }
    const Actor actor = actor_of(peer.uid, "socket");
    answered ? answers_(*answered, actor, reply) : stop_(*request, actor, reply);
  }

  asio::local::stream_protocol::acceptor acceptor_;
  std::string socket_path_;
  Stop stop_;
  Answers answers_;
};

ControlServer::ControlServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ControlServer::~ControlServer() = default;

Result<std::unique_ptr<ControlServer>> ControlServer::listen(AsioLoop& loop, const std::string& state_folder,
                                                             Stop stop, Answers answers) {
  auto impl = std::make_unique<Impl>(loop, state_folder, std::move(stop), std::move(answers));
  if (auto listening = impl->listen(state_folder); !listening) return listening.error();
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(impl)));
}

Result<std::string> ask_holder(const std::string& state_folder, const std::string& line, DurationUs wait_us) {
  const FolderAddress address(state_folder);
  const Error nobody{"nobody answers in " + state_folder, ErrorKind::unavailable};
  if (!address.ok()) return nobody;
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::snprintf(to.sun_path, sizeof to.sun_path, "%s", address.path().c_str());
  std::string answer;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    const std::string request = line + "\n";
    if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
      pollfd wait{fd, POLLIN, 0};
      char buffer[4096];
      while (poll(&wait, 1, static_cast<int>(wait_us / kMillisecond)) == 1) {
        const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
        if (n <= 0) break;
        answer.append(buffer, static_cast<std::size_t>(n));
        if (answer.back() == '\n') break;
      }
    }
  }
  close(fd);
  if (answer.empty() || answer.back() != '\n') return nobody;
  answer.pop_back();
  return answer;
}

}  // namespace baton
