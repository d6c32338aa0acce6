#include "scheduler/delivery/courier.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>
#include <string>

#include "scheduler/delivery/address.h"
#include "scheduler/delivery/program.h"

namespace baton::delivery {
namespace {

bool is_private_text(const std::string& text) {
  sockaddr_storage storage{};
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (text.find(':') != std::string::npos) {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &six.sin6_addr), 1) << text;
    std::memcpy(&storage, &six, sizeof(six));
  } else {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    EXPECT_EQ(inet_pton(AF_INET, text.c_str(), &four.sin_addr), 1) << text;
    std::memcpy(&storage, &four, sizeof(four));
  }
  return is_private(address);
}

TEST(Addresses, OfPrivateNetworksInWhateverForm) {
  for (const char* text :
       {"127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "100.64.0.1", "169.254.169.254", "172.16.0.1",
        "172.31.255.255", "192.168.1.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "fe80::1", "fc00::1", "fd12::1",
        "ff02::1", "2001:db8::1", "2001::1", "100::1"}) {
    EXPECT_TRUE(is_private_text(text)) << text;
  }
  for (const char* text : {"1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.255.255", "169.253.0.1",
                           "193.0.0.1", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808"}) {
    EXPECT_FALSE(is_private_text(text)) << text;
  }
  sockaddr local{};
  local.sa_family = AF_UNIX;
  EXPECT_TRUE(is_private(&local));
}

TEST(Courier, SignsTheTimeWithTheBody) {
  // printf '%s' '5.{}' | openssl dgst -sha256 -hmac key
  EXPECT_EQ(signature_of("key", 5, "{}").substr(0, 7), "t=5,v1=");
  EXPECT_NE(signature_of("key", 5, "{}"), signature_of("key", 6, "{}").replace(2, 1, "5"));
  EXPECT_NE(signature_of("key", 5, "{}"), signature_of("kez", 5, "{}"));
  EXPECT_EQ(signature_of("key", 5, "{}").size(), 7U + 64U);
}

TEST(Courier, SaysWhatHappenedInOneLine) {
  EXPECT_EQ(words_of({"slack:x", "id", "run_failed", "etl/r", R"({"note":"a task failed","reason":"upstream_failed"})"}),
            "run failed: etl/r (a task failed)");
  EXPECT_EQ(words_of({"slack:x", "id", "run_success", "etl/r", R"({"reason":"none"})"}), "run success: etl/r");
}

TEST(Courier, RefusesWhatIsNotConfigured) {
  const Alerting none;
  const FindSecret secret = [](const std::string&) -> Result<std::string> { return Error{"none", ErrorKind::invalid}; };
  const std::atomic<bool> ends = false;
  const Means means{none, secret, ends};
  for (const char* target : {"webhook:nobody", "slack:nobody", "command:nobody", "mail:a@b", "pigeon:x", "nothing"}) {
    const Status sent = deliver({target, "id", "e", "o", "{}"}, means);
    ASSERT_FALSE(sent.ok()) << target;
    EXPECT_EQ(sent.error().kind, ErrorKind::invalid) << target;
  }
  EXPECT_EQ(deliver({"http://127.0.0.1:9/", "id", "e", "o", "{}"}, means).error().kind, ErrorKind::denied);
  EXPECT_EQ(deliver({"http://[::ffff:127.0.0.1]:9/", "id", "e", "o", "{}"}, means).error().kind, ErrorKind::denied);
  EXPECT_FALSE(deliver({"file:///etc/passwd", "id", "e", "o", "{}"}, means).ok());
}

TEST(Program, GetsItsInputAndItsEndIsTold) {
  const std::atomic<bool> ends = false;
  EXPECT_TRUE(run_program({"sh", "-c", "read x; [ \"$x\" = '{}' ] && [ \"$A\" = b ]"}, "{}\n", {"A=b"}, ends).ok());
  EXPECT_EQ(run_program({"sh", "-c", "exit 3"}, std::string(1 << 20, 'x'), {}, ends).error().message,
            "the command failed: exit code 3");
  EXPECT_FALSE(run_program({"/no/such/program"}, "", {}, ends).ok());
  const std::atomic<bool> ended = true;
  EXPECT_FALSE(run_program({"sleep", "1000"}, "", {}, ended).ok()) << "and does not wait for it";
}

}  // namespace
}  // namespace baton::delivery
