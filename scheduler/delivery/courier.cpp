#include "scheduler/delivery/courier.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "scheduler/curl/curl.h"
#include "scheduler/delivery/address.h"
#include "scheduler/delivery/program.h"
#include "scheduler/digest/digest.h"
#include "scheduler/json/json_value.h"

namespace baton::delivery {
namespace {

constexpr long kConnectSeconds = 5, kSendSeconds = 15;

/// What a connection may reach, and whether it was refused.
struct Gate {
  bool allow_private = false;
  const std::atomic<bool>& ends;
  bool was_refused = false;
};

int look_for_end(void* data, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Gate*>(data)->ends ? 1 : 0;
}

/// Called with the very address that is about to be connected to: no name can be another one between look and use.
curl_socket_t open_checked(void* data, curlsocktype, curl_sockaddr* address) {
  auto& gate = *static_cast<Gate*>(data);
  if (!gate.allow_private && is_private(&address->addr)) {
    gate.was_refused = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t drop_answer(const char*, std::size_t size, std::size_t count, void*) { return size * count; }

/// What all transfers have in common.
Result<curl::Session> begin_transfer(const std::string& url, const char* protocols, Gate& gate) {
  auto session = curl::Session::begin();
  if (!session) return session;
  session->set(CURLOPT_URL, url.c_str());
  session->set(CURLOPT_PROTOCOLS_STR, protocols);
  session->set(CURLOPT_FOLLOWLOCATION, 0L);
  session->set(CURLOPT_PROXY, "");  // a proxy would resolve the name where nobody looks
  session->set(CURLOPT_NOSIGNAL, 1L);
  session->set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  session->set(CURLOPT_TIMEOUT, kSendSeconds);
  session->set(CURLOPT_WRITEFUNCTION, drop_answer);
  session->set(CURLOPT_OPENSOCKETFUNCTION, open_checked);
  session->set(CURLOPT_OPENSOCKETDATA, &gate);
  session->set(CURLOPT_NOPROGRESS, 0L);
  session->set(CURLOPT_XFERINFOFUNCTION, look_for_end);
  session->set(CURLOPT_XFERINFODATA, &gate);
  return session;
}

Status transfer(curl::Session& session, const Gate& gate) {
  const CURLcode code = session.perform();
  if (gate.was_refused && code != CURLE_OK) {
    return Error{"it lies in a private network; `allow_private: true` lets it be reached", ErrorKind::denied};
  }
  if (code != CURLE_OK) return Error{curl::words_of(code), ErrorKind::unavailable};
  return Unit{};
}

Status answered(curl::Session& session) {
  long status = 0;
  session.get(CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200 && status < 300) return Unit{};
  return Error{"it answered " + std::to_string(status), ErrorKind::unavailable};
}

/// Ids and events are ours; what stands in a header is one line of plain characters.
Status post(const std::string& url, const std::string& body, const std::vector<std::string>& lines, bool allow_private,
            const std::atomic<bool>& ends) {
  Gate gate{allow_private, ends};
  auto session = begin_transfer(url, "http,https", gate);
  if (!session) return session.error();
  curl::Lines headers;
  headers.add("Content-Type: application/json");
  for (const std::string& line : lines) headers.add(line);
  headers.add("Expect:");
  session->set(CURLOPT_HTTPHEADER, headers.get());
  session->set(CURLOPT_USERAGENT, "baton");
  session->set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  session->set(CURLOPT_POSTFIELDS, body.c_str());
  if (Status sent = transfer(*session, gate); !sent) return sent;
  return answered(*session);
}

Status post_webhook(const Message& message, const Receiver& to, const Means& means) {
  std::vector<std::string> lines = {"Baton-Id: " + message.id, "Baton-Event: " + message.event};
  if (!to.secret.empty()) {
    const auto key = means.secret(to.secret);
    if (!key) return key.error();
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
    lines.push_back("Baton-Signature: " + signature_of(*key, seconds, message.payload_json));
  }
  return post(to.url, message.payload_json, lines, to.allow_private, means.ends);
}

Status post_slack(const Message& message, const Receiver& to, const Means& means) {
  const std::string body = to_json(Value(ValueMap{{"text", words_of(message)}}));
  return post(to.url, body, {"Baton-Id: " + message.id}, to.allow_private, means.ends);
}

// ── mail ────────────────────────────────────────────────────────────────────────────────────────────────────────────

struct MailText {
  std::string text;
  std::size_t at = 0;
};

std::size_t read_mail(char* to, std::size_t size, std::size_t count, void* data) {
  auto& mail = *static_cast<MailText*>(data);
  const std::size_t n = std::min(size * count, mail.text.size() - mail.at);
  std::memcpy(to, mail.text.data() + mail.at, n);
  mail.at += n;
  return n;
}

/// One line of printable ASCII: what a task has written must not become a header of its own.
std::string header_text(const std::string& text) {
  std::string out;
  for (const char c : text) out += c >= ' ' && c <= '~' ? c : '?';
  return out.substr(0, 200);
}

bool is_mail_address(const std::string& text) {
  return text.find('@') != std::string::npos && text.find_first_of("<> \t\r\n,;\"") == std::string::npos;
}

Status send_mail(const Message& message, const std::string& to, const Means& means) {
  const std::optional<SmtpSettings>& smtp = means.alerting.smtp;
  if (!smtp) return Error{"baton.yaml says no `smtp`", ErrorKind::invalid};
  if (!is_mail_address(to)) return Error{"\"" + header_text(to) + "\" is no address", ErrorKind::invalid};
  Gate gate{true, means.ends};  // the operator has named the server, and it often stands beside this one
  auto session = begin_transfer(smtp->url, "smtp,smtps", gate);
  if (!session) return session.error();
  std::string password;
  if (!smtp->secret.empty()) {
    auto found = means.secret(smtp->secret);
    if (!found) return found.error();
    password = std::move(*found);
  }
  MailText mail;
  mail.text = "From: <" + smtp->from + ">\r\nTo: <" + to + ">\r\nSubject: " + header_text(words_of(message)) +
              "\r\nMessage-ID: <" + message.id + "@baton>\r\nMIME-Version: 1.0\r\n"
              "Content-Type: application/json; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" +
              message.payload_json + "\r\n";
  curl::Lines recipients;
  recipients.add("<" + to + ">");
  session->set(CURLOPT_MAIL_FROM, ("<" + smtp->from + ">").c_str());
  session->set(CURLOPT_MAIL_RCPT, recipients.get());
  session->set(CURLOPT_USE_SSL, static_cast<long>(smtp->needs_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  if (!smtp->user.empty()) session->set(CURLOPT_USERNAME, smtp->user.c_str());
  if (!password.empty()) session->set(CURLOPT_PASSWORD, password.c_str());
  session->set(CURLOPT_READFUNCTION, read_mail);
  session->set(CURLOPT_READDATA, &mail);
  session->set(CURLOPT_UPLOAD, 1L);
  return transfer(*session, gate);
}

std::string member_text(const Value& of, const char* name) {
  const Value* found = of.find(name);
  return found != nullptr && found->type() == ValueType::string ? found->as_string() : std::string();
}

}  // namespace

std::string signature_of(const std::string& key, std::int64_t seconds, const std::string& body) {
  const std::string at = std::to_string(seconds);
  return "t=" + at + ",v1=" + hmac_sha256_hex(key, at + "." + body);
}

std::string words_of(const Message& message) {
  std::string event = message.event;
  for (char& c : event) c = c == '_' ? ' ' : c;
  std::string out = event + ": " + message.object;
  const auto payload = from_json(message.payload_json);
  if (!payload || payload->type() != ValueType::map) return out;
  std::string why = member_text(*payload, "note");
  if (why.empty()) why = member_text(*payload, "reason");
  if (!why.empty() && why != "none") out += " (" + why + ")";
  return out;
}

Status deliver(const Message& message, const Means& means) {
  const std::size_t colon = message.target.find(':');
  const std::string kind = message.target.substr(0, colon);
  const std::string name = colon == std::string::npos ? std::string() : message.target.substr(colon + 1);
  if (kind == "https" || kind == "http") {
    Receiver to;
    to.url = message.target;
    return post_webhook(message, to, means);
  }
  if (kind == "mail") return send_mail(message, name, means);
  const auto found = means.alerting.receivers.find(name);
  if (found == means.alerting.receivers.end()) {
    return Error{"baton.yaml names no receiver \"" + header_text(name) + "\"", ErrorKind::invalid};
  }
  if (kind == "command") {
    if (found->second.command.empty()) return Error{"this receiver has no `command`", ErrorKind::invalid};
    return run_program(found->second.command, message.payload_json,
                       {"BATON_ALERT_ID=" + message.id, "BATON_ALERT_EVENT=" + message.event}, means.ends);
  }
  if (found->second.url.empty()) return Error{"this receiver has no `url`", ErrorKind::invalid};
  if (kind == "webhook") return post_webhook(message, found->second, means);
  if (kind == "slack") return post_slack(message, found->second, means);
  return Error{"\"" + header_text(message.target) + "\" is none of webhook:, slack:, mail:, command: and https://",
               ErrorKind::invalid};
}

Status ping(const DeadMan& dead_man, const std::atomic<bool>& ends) {
  Gate gate{dead_man.allow_private, ends};
  auto session = begin_transfer(dead_man.url, "http,https", gate);
  if (!session) return session.error();
  if (Status sent = transfer(*session, gate); !sent) return sent;
  return answered(*session);
}

}  // namespace baton::delivery
