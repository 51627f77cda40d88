#pragma once

#include <utility>
#include <variant>

namespace longstate::detail {

/// f(value) of whatever a variant holds: std::visit without the exception of a variant that holds nothing, which step() must not throw.
template <class Any, class F, std::size_t... i>
void with_value(Any& any, const F& f, std::index_sequence<i...>) {
  const auto try_one = [&](auto* value) {
    if (value != nullptr) f(*value);
  };
  (try_one(std::get_if<i>(&any)), ...);
}
template <class Any, class F>
void with_value(Any& any, const F& f) {
  with_value(any, f, std::make_index_sequence<std::variant_size_v<std::remove_const_t<Any>>>());
}

}  // namespace longstate::detail
