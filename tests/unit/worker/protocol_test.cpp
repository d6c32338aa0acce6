// The link's frames: what goes in comes out, and no bytes whatever make the reader crash or run away.
#include <gtest/gtest.h>

#include <random>

#include "worker/protocol/frames.h"

namespace baton::wire {
namespace {

Launch sample_launch() {
  Launch launch;
  launch.key = {7, 3, -1, 2};
  launch.argv = {"sh", "-c", "", "echo \xff hello"};
  launch.script = std::string("a\0b", 3);
  launch.env = {"PATH=/bin", "EMPTY="};
  launch.cwd = "/tmp";
  launch.stdin_kind = StdinKind::kBytes;
  launch.stdin_value = "in";
  launch.log_path = "/l";
  launch.output_path = "/o";
  launch.heartbeat_path = "/h";
  launch.timeout_us = 5;
  launch.grace_us = 6;
  launch.heartbeat_us = 7;
  launch.log_limit_bytes = 8;
  launch.limits = {9, 10, 11};
  launch.masks = {"secret"};
  launch.nice = -3;
  launch.gated = true;
  launch.keep = true;
  launch.state_path = "/s";
  launch.state = "{}";
  launch.state_version = 4;
  return launch;
}

Ended sample_ended() {
  Ended ended;
  ended.key = {1, 2, 3, 4};
  ended.outcome = Outcome::kLost;
  ended.exit_code = 5;
  ended.signal = 6;
  ended.flags = kLogTruncated | kOutputTooLarge;
  ended.started_at_us = 7;
  ended.ended_at_us = 8;
  ended.run_us = 9;
  ended.user_us = 10;
  ended.sys_us = 11;
  ended.max_rss_bytes = 12;
  ended.log_bytes = 13;
  ended.output = "{}";
  ended.message = "gone";
  ended.log_tail = "last line\n";
  ended.pid = 4711;
  return ended;
}

std::string all_messages() {
  std::string out;
  EXPECT_TRUE(append_frame(out, Hello{1, 2, "s", 3, 4}));
  EXPECT_TRUE(append_frame(out, sample_launch()));
  EXPECT_TRUE(append_frame(out, Release{{1, 2, 3, 4}}));
  EXPECT_TRUE(append_frame(out, Stop{{1, 2, 3, 4}, 5, true}));
  EXPECT_TRUE(append_frame(out, Ack{{1, 2, 3, 4}}));
  EXPECT_TRUE(append_frame(out, Shutdown{5}));
  EXPECT_TRUE(append_frame(out, Ping{}));
  EXPECT_TRUE(append_frame(out, WorkerHello{2, 1, "w", "b", "i", 2, 3, kCgroupKill, 9, "n"}));
  EXPECT_TRUE(append_frame(out, Inventory{{{{1, 2, 3, 4}, 5, 6, 7}}, {sample_ended()}}));
  EXPECT_TRUE(append_frame(out, Started{{1, 2, 3, 4}, 5, 6}));
  EXPECT_TRUE(append_frame(out, sample_ended()));
  EXPECT_TRUE(append_frame(out, Pong{}));
  return out;
}

template <typename T>
void expect_to_worker(FrameReader& reader, const T& expected) {
  const auto frame = reader.next();
  ASSERT_TRUE(frame.has_value());
  EXPECT_FALSE(decode_from_worker(*frame).has_value());
  const auto message = decode_to_worker(*frame);
  ASSERT_TRUE(message.has_value());
  ASSERT_TRUE(std::holds_alternative<T>(*message));
  EXPECT_EQ(std::get<T>(*message), expected);
}

template <typename T>
void expect_from_worker(FrameReader& reader, const T& expected) {
  const auto frame = reader.next();
  ASSERT_TRUE(frame.has_value());
  EXPECT_FALSE(decode_to_worker(*frame).has_value());
  const auto message = decode_from_worker(*frame);
  ASSERT_TRUE(message.has_value());
  ASSERT_TRUE(std::holds_alternative<T>(*message));
  EXPECT_EQ(std::get<T>(*message), expected);
}

TEST(Protocol, AnEndWithAStateComesBackWithItAndOneWithoutLooksAsItAlwaysDid) {
  Ended ended = sample_ended();
  ended.state = "kept by nobody";
  std::string plain;
  EXPECT_TRUE(append_frame(plain, ended));
  std::string before;
  EXPECT_TRUE(append_frame(before, sample_ended()));
  EXPECT_EQ(plain, before);
  ended.flags |= kHasState;
  ended.state = "{\"a\": 1}";
  ended.state_version = 9;
  std::string out;
  EXPECT_TRUE(append_frame(out, Inventory{{}, {ended, sample_ended()}}));
  FrameReader reader;
  reader.feed(out);
  expect_from_worker(reader, Inventory{{}, {ended, sample_ended()}});
  std::string journal;
  encode_ended(journal, ended);
  EXPECT_EQ(decode_ended(journal, kProtocolMax), ended);
}

TEST(Protocol, EveryMessageComesBackAsItWas) {
  FrameReader reader;
  reader.feed(all_messages());
  expect_to_worker(reader, Hello{1, 2, "s", 3, 4});
  expect_to_worker(reader, sample_launch());
  expect_to_worker(reader, Release{{1, 2, 3, 4}});
  expect_to_worker(reader, Stop{{1, 2, 3, 4}, 5, true});
  expect_to_worker(reader, Ack{{1, 2, 3, 4}});
  expect_to_worker(reader, Shutdown{5});
  expect_to_worker(reader, Ping{});
  expect_from_worker(reader, WorkerHello{2, 1, "w", "b", "i", 2, 3, kCgroupKill, 9, "n"});
  expect_from_worker(reader, Inventory{{{{1, 2, 3, 4}, 5, 6, 7}}, {sample_ended()}});
  expect_from_worker(reader, Started{{1, 2, 3, 4}, 5, 6});
  expect_from_worker(reader, sample_ended());
  expect_from_worker(reader, Pong{});
  EXPECT_FALSE(reader.next().has_value());
  EXPECT_FALSE(reader.broken());
}

TEST(Protocol, FramesMayComeByteByByte) {
  const std::string bytes = all_messages();
  FrameReader reader;
  int frames = 0;
  for (const char c : bytes) {
    reader.feed({&c, 1});
    while (reader.next()) ++frames;
  }
  EXPECT_EQ(frames, 12);
}

TEST(Protocol, AFrameBeyondTheLimitIsNotWritten) {
  Launch launch = sample_launch();
  launch.script.assign(kFrameBytesMax, 'x');
  std::string out = "before";
  EXPECT_FALSE(append_frame(out, launch));
  EXPECT_EQ(out, "before");
}

TEST(Protocol, AnImpossibleLengthBreaksTheStream) {
  for (const std::string& bytes : {std::string(8, '\xff'), std::string(8, '\0')}) {
    FrameReader reader;
    reader.feed(bytes);
    EXPECT_FALSE(reader.next().has_value());
    EXPECT_TRUE(reader.broken());
  }
}

TEST(Protocol, ATruncatedPayloadIsRefused) {
  FrameReader reader;
  reader.feed(all_messages());
  while (const auto frame = reader.next()) {
    if (frame->payload.empty()) continue;
    for (std::size_t size = 0; size < frame->payload.size(); ++size) {
      const Frame cut{frame->type, frame->payload.substr(0, size)};
      EXPECT_FALSE(decode_to_worker(cut).has_value());
      EXPECT_FALSE(decode_from_worker(cut).has_value());
    }
  }
}

TEST(Protocol, GarbageNeverCrashes) {
  std::mt19937 random(1);
  const std::string good = all_messages();
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    const std::size_t flips = 1 + random() % 8;
    for (std::size_t i = 0; i < flips; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    FrameReader reader;
    reader.feed(bytes);
    while (const auto frame = reader.next()) {
      static_cast<void>(decode_to_worker(*frame));
      static_cast<void>(decode_from_worker(*frame));
    }
  }
}

TEST(StringList, PointersEndWithNullAndViewsMatch) {
  StringList list{"a", "", "bc"};
  const auto pointers = list.pointers();
  ASSERT_EQ(pointers.size(), 4U);
  EXPECT_STREQ(pointers[0], "a");
  EXPECT_STREQ(pointers[1], "");
  EXPECT_STREQ(pointers[2], "bc");
  EXPECT_EQ(pointers[3], nullptr);
  EXPECT_EQ(list.views(), (std::vector<std::string_view>{"a", "", "bc"}));
}

TEST(StringList, AWrongCountIsRefused) {
  StringList list;
  EXPECT_FALSE(list.assign(std::string_view("a\0b\0", 4), 3));
  EXPECT_FALSE(list.assign("a", 0));
  EXPECT_FALSE(list.assign(std::string_view("a\0b", 3), 1));
  EXPECT_TRUE(list.assign(std::string_view("a\0b\0", 4), 2));
}

}  // namespace
}  // namespace baton::wire
