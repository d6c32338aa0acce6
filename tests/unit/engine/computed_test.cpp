// `timeout`, `retries.max` and `max_parallel` as expressions, and times as text.
#include "scheduler/engine/computed.h"

#include <gtest/gtest.h>

#include "scheduler/engine/admission.h"
#include "scheduler/engine/expand.h"
#include "tests/support/dag_builder.h"
#include "tests/support/run_driver.h"

namespace baton {
namespace {

using enum TaskState;
using test::DagBuilder;
using test::exited;
using test::expression;
using test::RunDriver;

RunDriver begun(TaskSpec spec, Value params) {
  RunDriver d(DagBuilder().task("t", {}, std::move(spec)).build(), {}, {}, std::move(params));
  d.begin();
  return d;
}

TEST(Computed, RetriesAreAsManyAsTheExpressionSays) {
  TaskSpec spec = test::run_task();
  spec.retries = test::constant_retries(0);
  spec.retries.edit().computed_max = expression("${{ params.n }}");
  RunDriver d = begun(spec, ValueMap{{"n", 1}});
  d.run_to(0, exited(1));
  EXPECT_EQ(d.state("t"), up_for_retry);
  d.timer(0);
  d.run_to(0, exited(1));
  EXPECT_EQ(d.state("t"), failed);
}

TEST(Computed, ATimeoutIsADurationOrATextOfOne) {
  TaskSpec spec = test::run_task();
  spec.computed_timeout = expression("${{ params.t }}");
  EXPECT_EQ(*timeout_of(begun(spec, ValueMap{{"t", "1h30m"}}).run(), 0), 90 * kMinute);
  EXPECT_EQ(*timeout_of(begun(spec, ValueMap{{"t", Duration{2, 500'000'000}}}).run(), 0), 2'500 * kMillisecond);
  for (const Value& bad : {Value("soon"), Value("0s"), Value(5), Value()}) {
    EXPECT_FALSE(timeout_of(begun(spec, ValueMap{{"t", bad}}).run(), 0).ok());
  }
  spec.computed_timeout = {};
  spec.timeout_us = kHour;
  EXPECT_EQ(*timeout_of(begun(spec, ValueMap{}).run(), 0), kHour);
}

TEST(Computed, AMaxParallelThatIsNoneFailsTheExpansion) {
  TaskSpec spec = test::mapped_task(3);
  spec.mapping.edit().computed_max_parallel = expression("${{ params.n }}");
  for (const Value& bad : {Value(0), Value("2"), Value(std::int64_t{1} << 40U)}) {
    RunDriver d(DagBuilder().task("t", {}, spec).build(), {}, {}, ValueMap{{"n", bad}});
    const auto items = expand(d.run(), 0, 100);
    ASSERT_FALSE(items.ok());
    EXPECT_NE(items.error().message.find("max_parallel"), std::string::npos) << items.error().message;
  }
  RunDriver d(DagBuilder().task("t", {}, spec).build(), {}, {}, ValueMap{{"n", 2}});
  EXPECT_EQ(*max_parallel_of(d.run(), 0), 2);
}

TEST(Computed, AdmissionHoldsAComputedMaxParallel) {
  TaskSpec spec = test::mapped_task(3);
  spec.mapping.edit().computed_max_parallel = expression("${{ params.n }}");
  RunDriver d = begun(spec, ValueMap{{"n", 2}});
  ASSERT_EQ(d.commands(Command::Kind::offer), 3U);
  Admission admission(10, 0);
  for (InstanceNo i = 0; i < 3; ++i) {
    Candidate c;
    c.run_no = d.run().row.run_no;
    c.instance = i;
    admission.offer(c);
  }
  int admitted = 0;
  Candidate c;
  while (admission.next(c, [&](const Candidate&) { return &d.run(); }, [](const Candidate&, Wait) {})) ++admitted;
  EXPECT_EQ(admitted, 2);
}

TaskSpec time_sensor(Text at) {
  TaskSpec spec = test::sensor_task();
  spec.sensor.edit().kind = Sensor::Kind::time;
  spec.sensor.edit().time = std::move(at);
  return spec;
}

TEST(TimeSensor, ReadsTimesAsADagFileDoes) {
  // The driver's day begins at 2026-01-01T12:00:00Z.
  for (const char* const past : {"2020-01-01", "2026-01-01", "2026-01-01T12:00", "2026-01-01 11:59:59"}) {
    EXPECT_EQ(begun(time_sensor({past, nullptr}), ValueMap{}).state("t"), success) << past;
  }
  EXPECT_EQ(begun(time_sensor({"2026-01-02", nullptr}), ValueMap{}).state("t"), up_for_reschedule);
  EXPECT_EQ(begun(time_sensor(expression("${{ params.day }}")), ValueMap{{"day", "2020-01-01"}}).state("t"), success);
}

TEST(TimeSensor, ADateIsMidnightInTheZoneOfTheDag) {
  DagBuilder builder;
  builder.task("t", {}, time_sensor({"2026-01-02", nullptr}));
  builder.dag().timezone = "America/New_York";
  RunDriver d(builder.build());
  d.begin();
  EXPECT_EQ(d.run().activity(0)->wake_at, 1'767'330'000 * kSecond);  // 05:00 UTC
}

}  // namespace
}  // namespace baton
