// Courier: brings one message to one target, and says whether it was taken. `webhook:NAME`, `slack:NAME` and
// `command:NAME` name a receiver of baton.yaml; `https://…` is a webhook that needs no more; `mail:ADDRESS` goes by its
// `smtp`.
//
// A webhook is a POST with the JSON of the message, and says who it is: Baton-Id (the same for the same news), Baton-Event,
// and where the receiver has a secret Baton-Signature, `t=SECONDS,v1=HMAC-SHA-256 of "SECONDS.BODY"` in hex. Whatever 2xx
// answers has taken it; no redirect is followed. An address is looked at when the connection is made, whatever its name
// says then, so that a receiver outside cannot lead into the network here.
//
// Any thread, several at once; each call blocks for 30 s at most.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "scheduler/model/result.h"
#include "scheduler/service/alerts.h"

namespace baton::delivery {

struct Message {
  std::string target;
  std::string id, event, object;
  std::string payload_json;
};

/// The value of a secret. invalid: there is none.
using FindSecret = std::function<Result<std::string>(const std::string& name)>;

/// What a courier needs of who sends it. `ends`: once it is true, what is on its way is given up.
struct Means {
  const Alerting& alerting;
  const FindSecret& secret;
  const std::atomic<bool>& ends;
};

/// unavailable: it was not taken, or nobody knows; invalid: it cannot be sent as things are configured; denied: it may not
/// be reached. No message quotes a secret.
[[nodiscard]] Status deliver(const Message& message, const Means& means);
/// Asks for the URL of a dead man's switch.
[[nodiscard]] Status ping(const DeadMan& dead_man, const std::atomic<bool>& ends);

/// For people, in one line: `run failed: etl/r (exit code 1)`.
[[nodiscard]] std::string words_of(const Message& message);
/// `t=SECONDS,v1=HEX`.
[[nodiscard]] std::string signature_of(const std::string& key, std::int64_t seconds, const std::string& body);

}  // namespace baton::delivery
