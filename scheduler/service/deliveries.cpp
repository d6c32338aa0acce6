#include "scheduler/service/deliveries.h"

#include <algorithm>

namespace baton {
namespace {

constexpr std::int64_t kReadMax = 256;  ///< so that others are seen behind those of a target that hangs
constexpr std::size_t kErrorMax = 500;

}  // namespace

DurationUs delivery_delay(std::int32_t tries) {
  DurationUs delay = Deliveries::kFirstDelay;
  for (std::int32_t k = 1; k < tries && delay < Deliveries::kLongestDelay; ++k) delay *= 2;
  return std::min(delay, Deliveries::kLongestDelay);
}

void Deliveries::stop() {
  is_stopped_ = true;
  *is_alive_ = false;
  is_alive_ = std::make_shared<bool>(true);
}

void Deliveries::look() {
  if (is_stopped_) return;
  looks_again_ = is_reading_;  // what was written meanwhile may not be in what is read
  if (is_reading_ || flying_.size() >= kAtOnce) return;
  is_reading_ = true;
  host_.find_due(loop_.wall_now(), kReadMax, guarded([this](const auto& due) { found(due); }));
}

void Deliveries::found(const Result<std::vector<DeliveryView>>& due) {
  is_reading_ = false;
  for (std::size_t k = 0; due && k < due->size() && busy_.size() < kAtOnce; ++k) {
    const DeliveryView& what = (*due)[k];
    if (busy_.contains(what.row.target) || !flying_.insert({what.row.outbox_no, what.row.target}).second) continue;
    busy_.insert(what.row.target);
    host_.send(what, guarded([this, what](const Status& how) { sent(what, how); }));
  }
  if (std::exchange(looks_again_, false)) look();
}

void Deliveries::sent(const DeliveryView& what, const Status& how) {
  busy_.erase(what.row.target);
  const WallUs now = loop_.wall_now();
  DeliveryRow row = what.row;
  ++row.tries;
  row.due_at = kNoTime;
  if (how) {
    row.delivered_at = now;
    row.error.clear();
  } else {
    row.error = how.error().message.substr(0, kErrorMax);
    const bool is_given_up = now - what.created_at > kGivesUpAfter;
    if (!is_given_up) row.due_at = now + delivery_delay(row.tries);
  }
  ServiceRows rows;
  rows.deliveries.push_back(row);
  host_.write(std::move(rows), guarded([this, outbox_no = row.outbox_no, target = row.target] {
                flying_.erase({outbox_no, target});
                look();
              }));
}

}  // namespace baton
