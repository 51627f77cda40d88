#pragma once

#include <doctest/doctest.h>
#include <hwy/targets.h>

#include <cstdint>
#include <string>

namespace support {

/// Runs a test under every instruction set of this machine in turn; all of them are allowed again at the end.
class EachTarget {
 public:
  EachTarget() : all_(hwy::SupportedTargets()) {}
  ~EachTarget() { choose(0); }

  template <class Test>
  void operator()(const Test& test) const {
    for (int bit = 0; bit < 63; ++bit) {
      const std::int64_t target = std::int64_t{1} << bit;
      if ((all_ & target) == 0) continue;
      choose(target);
      INFO(std::string(hwy::TargetName(target)));
      test();
    }
  }

 private:
  static void choose(std::int64_t target) {  // 0: whatever the machine has
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  std::int64_t all_;
};

}  // namespace support
