// What a handler gets and gives: a request that has been read whole and checked, and the response to it. Values; the
// writer of a stream is a handle that any thread may use.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace baton::http {

/// Without the optional white space (RFC 9110 §5.6.3: blanks and tabs) on either side.
std::string_view trimmed(std::string_view text);

enum class Method : std::uint8_t { get, head, post, put, patch, del, options };
std::string_view to_string(Method method);

struct Header {
  std::string name;  ///< of requests: in lower case
  std::string value;
};

/// What someone may do; each role may do what those before it may.
enum class Role : std::uint8_t { anyone, viewer, operator_, editor, admin };
std::string_view to_string(Role role);
std::optional<Role> role_named(std::string_view name);

/// Who asks, once that is known.
struct Principal {
  std::string name;  ///< empty: nobody knows
  Role role = Role::anyone;
  std::string via;  ///< api (a bearer's token), page (a session), socket (the peer's uid)
  std::vector<std::string> scopes = {};  ///< what of that alone: `run`, `run:read`, `*:read`; empty: all of it
};

/// Where the connection comes from.
struct Peer {
  std::string address;       ///< an IP address; empty over the socket in the state folder
  std::optional<uid_t> uid;  ///< over that socket: who the kernel says it is
};

struct Route;

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Request {
  Method method = Method::get;
  std::string target;                 ///< as it came: path and query
  std::vector<std::string> segments;  ///< of the path, decoded once
  Pairs query;                        ///< decoded, in the order of the words; a word may come again
  std::vector<Header> headers;
  std::string body;
  Peer peer;
  Principal principal;
  const Route* route = nullptr;  ///< never null in a handler
  Pairs params;                  ///< what stood for the names in braces of the route's path

  /// The first header of that name (lower case); empty: there is none, or an empty one.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  /// The first of that name. None: the word does not occur.
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
  /// Empty when the route has no such name.
  [[nodiscard]] const std::string& param(std::string_view name) const;
  /// The path without the query, as it came.
  [[nodiscard]] std::string_view path() const;
};

/// The far end of a response that goes on: server-sent events, lines of NDJSON. Any thread.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  /// False: the client has left, was too slow and was cut, or the server ends. Never blocks. The bytes are shared with
  /// all to whom they are written, and not copied before the kernel does.
  virtual bool write(std::shared_ptr<const std::string> bytes) = 0;
  bool write(std::string bytes) { return write(std::make_shared<const std::string>(std::move(bytes))); }
  virtual void close() = 0;
  [[nodiscard]] virtual bool is_open() const = 0;
};
using StreamWriter = std::shared_ptr<StreamSink>;

struct Response {
  int status = 200;
  std::vector<Header> headers;
  std::string body;
  std::string content_type = "application/json";
  std::string etag;  ///< without quotes; empty: none
  /// Set: after the head and `body` the response goes on with what is written here. Called once, on the thread that
  /// serves sockets: it may keep the writer and must not block.
  std::function<void(StreamWriter)> stream;
};

/// Where the response goes. A handle; any thread. The last copy to go without a response sends one of status 500.
class Reply {
 public:
  class Target {
   public:
    virtual ~Target() = default;
    virtual void send(Response response) = 0;
    virtual void later(std::function<Response()> make) = 0;
  };
  explicit Reply(std::shared_ptr<Target> target) : target_(std::move(target)) {}

  /// The first one counts.
  void send(Response response) const { target_->send(std::move(response)); }
  /// `make` is called on a thread for handlers, and what it gives is sent: for who is told on a thread that must not
  /// wait.
  void later(std::function<Response()> make) const { target_->later(std::move(make)); }

 private:
  std::shared_ptr<Target> target_;
};

/// Called on a thread for handlers. May answer then or, from any thread, afterwards.
using Handler = std::function<void(const std::shared_ptr<const Request>& request, const Reply& reply)>;
/// Of a function that answers at once.
Handler at_once(std::function<Response(const Request&)> f);

}  // namespace baton::http
