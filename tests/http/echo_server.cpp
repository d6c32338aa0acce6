// A server over web/http with routes that tell what arrived: for tests with raw sockets. Prints its port, and serves
// until its standard input ends.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "scheduler/json/json_writer.h"
#include "web/http/errors.h"
#include "web/http/server.h"

namespace baton::http {
namespace {

Response echo(const Request& request) {
  Response response;
  JsonObject out(response.body);
  out.text("method", to_string(request.method));
  append_json_array(out.member("segments"), request.segments,
                    [](std::string& o, const std::string& s) { append_json_string(o, s); });
  append_json_array(out.member("query"), request.query,
                    [](std::string& o, const auto& pair) { append_json_string(o, pair.first + "=" + pair.second); });
  JsonObject headers(out.member("headers"));
  for (const Header& header : request.headers) headers.text(header.name, header.value);
  headers.text("body", request.body);
  headers.text("peer", request.peer.address);
  headers.number("uid", request.peer.uid ? static_cast<std::int64_t>(*request.peer.uid) : -1);
  return response;
}

Response large(const Request& request) {
  Response response;
  response.body.assign(std::strtoul(request.param("bytes").c_str(), nullptr, 10), 'x');
  response.content_type = "text/plain";
  response.etag = "large-1";
  return response;
}

/// Requests to /block wait until one comes to /release: what is in flight can be counted then.
class Gate {
 public:
  void block(const Reply& reply) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(reply);
  }
  std::size_t release() {
    std::vector<Reply> waiting;
    {
      const std::lock_guard lock(mutex_);
      waiting.swap(waiting_);
    }
    for (const Reply& reply : waiting) reply.later([] { return Response{.body = "\"released\""}; });
    return waiting.size();
  }
  std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }

 private:
  std::mutex mutex_;
  std::vector<Reply> waiting_;
};

/// As fast as it is taken, without end: who does not read is to be cut.
Response flood(const Request&) {
  Response response;
  response.content_type = "text/event-stream";
  response.stream = [](StreamWriter writer) {
    std::thread([writer = std::move(writer)] {
      while (writer->write("data: " + std::string(1000, 'x') + "\n\n")) std::this_thread::yield();
    }).detach();
  };
  return response;
}

Response three_lines(const Request&) {
  Response response;
  response.content_type = "application/x-ndjson";
  response.body = "{\"n\":1}\n";
  response.stream = [](const StreamWriter& writer) {
    writer->write("{\"n\":2}\n");
    writer->write("{\"n\":3}\n");
    writer->close();
  };
  return response;
}

/// Open until the server ends.
Response quiet(const Request&) {
  Response response;
  response.content_type = "text/event-stream";
  response.body = ": hello\n\n";
  static std::mutex mutex;
  static std::vector<StreamWriter> writers;
  response.stream = [](StreamWriter writer) {
    const std::lock_guard lock(mutex);
    writers.push_back(std::move(writer));
  };
  return response;
}

void add(Router& router, Method method, const std::string& path, Handler handler, std::size_t body_max = kBodyMax) {
  const Status added = router.add({method, path, "test", "test", Role::anyone, std::move(handler), body_max});
  if (!added) {
    std::cerr << added.error().message << "\n";
    std::exit(2);
  }
}

int serve(int argc, char** argv) {
  Gate gate;
  Router router;
  for (const Method method : {Method::get, Method::post, Method::put}) add(router, method, "/echo", at_once(echo));
  add(router, Method::get, "/echo/{a}", at_once(echo));
  add(router, Method::get, "/echo/{a}/{b}", at_once(echo));
  add(router, Method::post, "/echo/{a}:verb", at_once(echo));
  add(router, Method::post, "/small", at_once(echo), 10);
  add(router, Method::get, "/large/{bytes}", at_once(large));
  add(router, Method::get, "/block", [&](const auto&, const Reply& reply) { gate.block(reply); });
  add(router, Method::get, "/waiting",
      at_once([&](const Request&) { return Response{.body = std::to_string(gate.waiting())}; }));
  add(router, Method::get, "/release",
      at_once([&](const Request&) { return Response{.body = std::to_string(gate.release())}; }));
  add(router, Method::get, "/throw", at_once([](const Request&) -> Response { throw std::runtime_error("thrown"); }));
  add(router, Method::get, "/silent", [](const auto&, const Reply&) {});
  add(router, Method::get, "/split", at_once([](const Request& r) {
        return Response{.headers = {{"X-Echo", std::string(r.query_value("v").value_or(""))}}, .body = "1"};
      }));
  add(router, Method::get, "/flood", at_once(flood));
  add(router, Method::get, "/three", at_once(three_lines));
  add(router, Method::get, "/quiet", at_once(quiet));
  ServerOptions options;
  options.limits.read = options.limits.write = std::chrono::milliseconds(argc > 1 ? std::atoi(argv[1]) : 5000);
  options.limits.streams = 4;
  if (argc > 2) options.socket_path = argv[2];
  Server server(std::move(options), std::move(router), [](Request&) { return std::nullopt; });
  const Status started = server.start();
  if (!started) {
    std::cerr << started.error().message << "\n";
    return 2;
  }
  std::cout << server.address() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
  server.stop();
  std::cout << "ended" << std::endl;
  return 0;
}

}  // namespace
}  // namespace baton::http

int main(int argc, char** argv) {
  return baton::http::serve(argc, argv);
}
