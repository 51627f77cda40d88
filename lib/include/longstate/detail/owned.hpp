#pragma once

/// \file
/// A value whose type the library alone knows.

#include <memory>
#include <utility>

namespace longstate::detail {

/// Points to a Value and copies it when it is copied. Neither needs to know what a Value is: a class that keeps what it runs on in one
/// of these is an ordinary value, and its size does not change with the library's version. What has been moved from may only be assigned to or ended.
template <class Value>
class Owned {
 public:
  Owned(std::shared_ptr<Value> value)  // only where Value is known
      : value_(std::move(value)), copy_([](const Value& other) { return std::make_shared<Value>(other); }) {}
  Owned(const Owned& other) : value_(other.value_ ? other.copy_(*other.value_) : nullptr), copy_(other.copy_) {}
  Owned(Owned&&) noexcept = default;
  Owned& operator=(Owned other) noexcept {
    value_ = std::move(other.value_);
    copy_ = other.copy_;
    return *this;
  }
  ~Owned() = default;

  Value* operator->() { return value_.get(); }
  const Value* operator->() const { return value_.get(); }
  Value& operator*() { return *value_; }
  const Value& operator*() const { return *value_; }

 private:
  std::shared_ptr<Value> value_;
  std::shared_ptr<Value> (*copy_)(const Value&);
};

}  // namespace longstate::detail
