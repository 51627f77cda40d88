#pragma once

// A visitor of a variant, a function for each alternative. One that is forgotten does not compile.

namespace longstate::detail {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;  // clang 14 does not deduce it

}  // namespace longstate::detail
