#pragma once

// The same task for all: what was the signal some time ago?

#include <string>
#include <vector>

namespace cli {

struct RecallCurve {
  std::string model;
  long long numbers;           ///< carried from one sample to the next, after all of the signal
  std::vector<double> ages;    ///< in samples
  std::vector<double> errors;  ///< root mean square over the second half of the signal, the signal's being 1
};

/// Band-limited noise of 2,048 samples and 41 periods, in double. State spaces with 64 numbers, by their reconstruction; attention with
/// one head of 64 numbers that turn with the place (RoPE): a query turned back by the age is nearest to the key of that time.
/// A softmax of a large scale reads that one alone; linear attention and retention read all keys near it, times the best factor.
std::vector<RecallCurve> recall();

}  // namespace cli
