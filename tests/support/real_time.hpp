#pragma once

// Calls of everything that promises to be real-time, for the tests and for a plug-in that they load at run time.

#include <functional>
#include <string>
#include <vector>

namespace support {

struct RealTimeCall {
  std::string name;
  std::function<void()> call;
};

/// Every path, structure and memory of that order, in float and double; `size` samples at a time, and blocks of `size` where a path
/// has blocks. `long_designs`: also what takes its time to build. Nothing has been called yet.
std::vector<RealTimeCall> real_time_calls(long order, long size, bool long_designs = true);

}  // namespace support
