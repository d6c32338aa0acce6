// Readers: one Reader for each request that is being handled, made when it is first needed and used again. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "scheduler/engine/reader.h"
#include "scheduler/model/result.h"

namespace baton::api {

class Readers {
 public:
  using Open = std::function<Result<std::unique_ptr<Reader>>()>;
  explicit Readers(Open open) : open_(std::move(open)) {}

  /// A Reader for as long as this lives.
  class Lease {
   public:
    Lease(Readers& from, std::unique_ptr<Reader> reader) : from_(&from), reader_(std::move(reader)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) noexcept = default;
    ~Lease() {
      if (!reader_) return;
      if (is_together_) reader_->end_snapshot();
      from_->give_back(std::move(reader_));
    }
    Reader& operator*() const { return *reader_; }
    Reader* operator->() const { return reader_.get(); }

   private:
    friend class Readers;
    Readers* from_;
    std::unique_ptr<Reader> reader_;
    bool is_together_ = false;
  };

  /// Errors as of opening one.
  Result<Lease> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        Lease lease(*this, std::move(idle_.back()));
        idle_.pop_back();
        return lease;
      }
    }
    auto reader = open_();
    if (!reader) return reader.error();
    return Lease(*this, std::move(*reader));
  }

  /// The same, and all that it reads is of one moment (SeenTogether): for answers of several reads, which wait for nothing
  /// between them.
  Result<Lease> take_together() {
    auto lease = take();
    if (!lease) return lease;
    (*lease)->begin_snapshot();
    lease->is_together_ = true;
    return lease;
  }

 private:
  void give_back(std::unique_ptr<Reader> reader) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(reader));
  }

  const Open open_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Reader>> idle_;
};

}  // namespace baton::api
