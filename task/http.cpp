#include "task/http.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "scheduler/curl/curl.h"
#include "scheduler/json/json_pointer.h"
#include "scheduler/json/json_value.h"
#include "scheduler/model/utf8.h"

namespace baton::task {
namespace {

constexpr std::size_t kBodyMax = 1 << 20;
constexpr std::size_t kShownBytes = 200;  // of a value that is not as expected
constexpr std::size_t kHeadersMax = 64 * 1024;
constexpr long kConnectSeconds = 30;
constexpr long kLookSeconds = 60;  // a look that hangs would hold its sensor for days
constexpr int kRedirectsMax = 10;

/// Where the next request goes and what it takes along.
struct Step {
  std::string url;
  std::string method;
  std::string body;
  bool has_body = false;
  bool with_secrets = true;
};

struct Answer {
  long status = 0;
  std::string body;
  bool is_cut = false;  ///< the body is longer than what is kept
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case, in order
  std::size_t header_bytes = 0;
  std::string redirect;  ///< where it sends the request; empty: nowhere
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t take_body(const char* data, std::size_t size, std::size_t count, void* to) {
  Answer& answer = *static_cast<Answer*>(to);
  const std::size_t bytes = size * count;
  const std::size_t room = kBodyMax - answer.body.size();
  answer.is_cut = answer.is_cut || bytes > room;
  answer.body.append(data, std::min(bytes, room));
  return bytes;  // what is not kept is read all the same: the server may work while it sends
}

std::size_t take_header(const char* data, std::size_t size, std::size_t count, void* to) {
  Answer& answer = *static_cast<Answer*>(to);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) answer.headers.clear();  // of an interim answer
  const std::size_t colon = line.find(':');
  answer.header_bytes += line.size();
  if (colon != std::string_view::npos && answer.header_bytes <= kHeadersMax) {
    answer.headers.emplace_back(lower(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return line.size();
}

std::string header_of(const Answer& answer, std::string_view name) {
  for (const auto& [key, value] : answer.headers) {
    if (key == name) return value;
  }
  return {};
}

/// Of another origin than the first one gets nothing that proves who asks.
bool is_credential(const Header& header) {
  const std::string name = lower(header.name);
  return header.is_secret || name == "authorization" || name == "cookie" || name == "proxy-authorization";
}

curl::Lines lines_of(const HttpSpec& spec, const Step& step) {
  curl::Lines lines;
  const auto has = [&](std::string_view name) {
    return std::any_of(spec.headers.begin(), spec.headers.end(),
                       [&](const Header& header) { return lower(header.name) == name; });
  };
  for (const Header& header : spec.headers) {
    if (is_credential(header) && !step.with_secrets) continue;
    if (!step.has_body && lower(header.name) == "content-type" && spec.has_body) continue;
    // curl leaves out a header without a value, unless its name ends with a semicolon.
    lines.add(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  const bool changes = step.method != "GET" && step.method != "HEAD";
  const char* const key = std::getenv("BATON_IDEMPOTENCY_KEY");
  if (changes && key != nullptr && !has("idempotency-key")) lines.add(std::string("Idempotency-Key: ") + key);
  const char* const trace = std::getenv("TRACEPARENT");
  if (trace != nullptr && !has("traceparent")) lines.add(std::string("traceparent: ") + trace);
  if (!has("expect")) lines.add("Expect:");
  return lines;
}

void set_method(curl::Session& session, const Step& step) {
  if (step.method == "HEAD") {
    session.set(CURLOPT_NOBODY, 1L);
    return;
  }
  const bool sends = step.has_body || step.method == "POST" || step.method == "PUT" || step.method == "PATCH";
  if (sends) {
    session.set(CURLOPT_POST, 1L);
    session.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(step.body.size()));
    session.set(CURLOPT_POSTFIELDS, step.body.data());
  }
  session.set(CURLOPT_CUSTOMREQUEST, step.method.c_str());
}

CURLcode ask(curl::Session& session, const HttpSpec& spec, const Step& step, Answer& answer) {
  session.reset();
  const curl::Lines lines = lines_of(spec, step);
  session.set(CURLOPT_URL, step.url.c_str());
  session.set(CURLOPT_PROTOCOLS_STR, "http,https");
  session.set(CURLOPT_FOLLOWLOCATION, 0L);
  session.set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  session.set(CURLOPT_NOSIGNAL, 1L);
  session.set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  if (spec.look) session.set(CURLOPT_TIMEOUT, kLookSeconds);
  session.set(CURLOPT_USERAGENT, "baton");
  session.set(CURLOPT_ACCEPT_ENCODING, "");
  session.set(CURLOPT_HTTPHEADER, lines.get());
  session.set(CURLOPT_WRITEFUNCTION, take_body);
  session.set(CURLOPT_WRITEDATA, &answer);
  session.set(CURLOPT_HEADERFUNCTION, take_header);
  session.set(CURLOPT_HEADERDATA, &answer);
  set_method(session, step);
  const CURLcode code = session.perform();
  session.get(CURLINFO_RESPONSE_CODE, &answer.status);
  const char* redirect = nullptr;
  session.get(CURLINFO_REDIRECT_URL, &redirect);
  if (redirect != nullptr) answer.redirect = redirect;
  return code;
}

/// Whether the same may succeed later: what lies on the way, not in the request.
bool is_transient(CURLcode code) {
  static constexpr std::array kOnTheWay = {
      CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT,
      CURLE_SSL_CONNECT_ERROR,    CURLE_GOT_NOTHING,           CURLE_SEND_ERROR,      CURLE_RECV_ERROR,
      CURLE_PARTIAL_FILE,         CURLE_HTTP2,                 CURLE_HTTP2_STREAM,    CURLE_AGAIN};
  return std::find(kOnTheWay.begin(), kOnTheWay.end(), code) != kOnTheWay.end();
}

/// As browsers and curl do it: 303 asks with GET, and so do 301 and 302 after a POST.
void change_method(Step& step, long status) {
  const bool asks_anew = status == 303 || ((status == 301 || status == 302) && step.method == "POST");
  if (!asks_anew || step.method == "HEAD") return;
  step.method = "GET";
  step.body.clear();
  step.has_body = false;
}

/// The step after a redirect; an error where it is not to be taken.
Result<Step> redirected(Step step, const HttpSpec& spec, const Answer& answer) {
  const std::string from = origin_of(step.url), to = origin_of(answer.redirect);
  if (!to.starts_with("http://") && !to.starts_with("https://")) return Error{"it redirects to no http:// or https://"};
  if (from.starts_with("https://") && to.starts_with("http://")) {
    return Error{"it redirects from https:// to http://, where everybody could read along"};
  }
  change_method(step, answer.status);
  step.url = answer.redirect;
  step.with_secrets = to == origin_of(spec.url);
  return step;
}

bool is_json(const Answer& answer) {
  const std::string type = lower(header_of(answer, "content-type"));
  const std::string media(trimmed(std::string_view(type).substr(0, type.find(';'))));
  return media == "application/json" || media.ends_with("+json");
}

Value headers_value(const Answer& answer) {
  ValueMap map;
  for (const auto& [name, value] : answer.headers) {
    if (name == "set-cookie" || find_invalid_utf8(value) != std::string::npos) continue;  // a cookie is somebody's proof of who he is
    const auto is_it = [&name = name](const auto& entry) { return entry.first == Value{name}; };
    const auto same = std::find_if(map.begin(), map.end(), is_it);
    if (same == map.end()) {
      map.emplace_back(name, value);
    } else {
      same->second = same->second.as_string() + ", " + value;
    }
  }
  return map;
}

/// `json` is read as JSON whatever it says that it is; `body` where it says so and no text is declared.
Result<ValueMap> outputs_of(const HttpSpec& spec, const Answer& answer) {
  ValueMap out;
  const Wanted& wanted = spec.wanted;
  if (wanted.has("status")) out.emplace_back("status", static_cast<std::int64_t>(answer.status));
  if (wanted.has("headers")) out.emplace_back("headers", headers_value(answer));
  if (!wanted.has("body") && !wanted.has("json")) return out;
  if (answer.is_cut) return Error{"the body is longer than the 1 MiB that an output may hold"};
  const auto parsed = from_json(answer.body);
  if (wanted.has("json")) {
    if (!parsed) return Error{"the body is no JSON: " + parsed.error().message};
    out.emplace_back("json", *parsed);
  }
  if (!wanted.has("body")) return out;
  const bool as_value = wanted.type_of("body") != "string" && is_json(answer) && parsed.ok();
  if (!as_value && find_invalid_utf8(answer.body) != std::string::npos) return Error{"the body is no text in UTF-8 and cannot be an output"};
  out.emplace_back("body", as_value ? *parsed : Value{answer.body});
  return out;
}

Exit conclude(const HttpSpec& spec, const Answer& answer) {
  const Exit exit = judge_status(spec, answer.status);
  if (exit != Exit::done) {
    quote(answer.body);
    if (const std::string after = header_of(answer, "retry-after"); !after.empty()) say("Retry-After: " + after);
    if (!answer.redirect.empty()) {
      say("it redirects to " + shown_url(answer.redirect) + "; `follow_redirects: true` goes there");
    }
    return exit;
  }
  if (answer.is_cut && !spec.expect_json.empty()) {
    say("the body is longer than the 1 MiB that `expect_json` looks at");
    return Exit::failed;
  }
  if (const std::string unmet = unmet_of(spec, answer.body); !unmet.empty()) {
    say(unmet);
    return Exit::failed;
  }
  auto outputs = outputs_of(spec, answer);
  if (outputs) return write_outputs(*outputs);
  say(outputs.error().message);
  quote(answer.body);
  return Exit::failed;
}

}  // namespace

std::string shown_url(std::string_view url) {
  const std::size_t begin = url.find("://");
  const std::size_t host = begin == std::string_view::npos ? 0 : begin + 3;
  const std::string_view authority = url.substr(host, url.find_first_of("/?#", host) - host);
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, host)) + "***@" + std::string(url.substr(host + at + 1));
}

std::string origin_of(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return {};
  const std::string scheme = lower(url.substr(0, begin));
  std::string_view authority = url.substr(begin + 3, url.find_first_of("/?#\\", begin + 3) - begin - 3);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  std::string host = lower(authority);
  const std::string standard = scheme == "https" ? ":443" : ":80";
  if (host.ends_with(standard)) host.resize(host.size() - standard.size());
  return scheme + "://" + host;
}

Exit judge_status(const HttpSpec& spec, std::int64_t status) {
  const bool is_expected = spec.expect.empty()
                               ? status >= 200 && status < 300
                               : std::find(spec.expect.begin(), spec.expect.end(), status) != spec.expect.end();
  if (is_expected) return Exit::done;
  const bool passes = status == 408 || status == 425 || status == 429 || status >= 500;
  return passes ? Exit::transient : Exit::failed;
}

std::string unmet_of(const HttpSpec& spec, const std::string& body) {
  if (spec.expect_json.empty()) return {};
  const auto parsed = from_json(body);
  if (!parsed) return "the body is no JSON: " + parsed.error().message;
  for (const auto& [pointer, wanted] : spec.expect_json) {
    const Value* const found = value_at(*parsed, pointer);
    const bool holds = found == nullptr ? wanted.is_null() : *found == wanted;
    if (holds) continue;
    return pointer + " is " + (found == nullptr ? "not there" : to_json(*found).substr(0, kShownBytes)) + ", not " +
           to_json(wanted).substr(0, kShownBytes);
  }
  return {};
}

Exit run_http(const HttpSpec& spec) {
  auto session = curl::Session::begin();
  if (!session) {
    say(session.error().message);
    return Exit::failed;
  }
  Step step{spec.url, spec.method, spec.body, spec.has_body, true};
  for (int redirects = 0;; ++redirects) {
    Answer answer;
    const auto begun = std::chrono::steady_clock::now();
    const CURLcode code = ask(*session, spec, step, answer);
    const auto took = std::chrono::steady_clock::now() - begun;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    const std::string what = step.method + " " + shown_url(step.url) + ": ";
    if (code != CURLE_OK) {
      say(what + curl::words_of(code));
      return is_transient(code) ? Exit::transient : Exit::failed;
    }
    say(what + std::to_string(answer.status) + ", " + std::to_string(answer.body.size()) +
        (answer.is_cut ? " bytes and more, " : " bytes, ") + std::to_string(ms) + " ms");
    const bool is_expected = judge_status(spec, answer.status) == Exit::done;
    if (!spec.follow_redirects || answer.redirect.empty() || is_expected) return conclude(spec, answer);
    if (redirects == kRedirectsMax) {
      say("it redirects more than " + std::to_string(kRedirectsMax) + " times");
      return Exit::failed;
    }
    auto next = redirected(std::move(step), spec, answer);
    if (!next) {
      say(next.error().message);
      return Exit::failed;
    }
    step = std::move(next).value();
  }
}

}  // namespace baton::task
