#pragma once

// State spaces and attention on the same tokens: what a token costs, and what each carries from one to the next.

#include <longstate/longstate.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

struct ComparisonSizes {
  longstate::Index width = 64;    ///< numbers of a token; channels of the state space
  longstate::Index heads = 4;     ///< of width / heads numbers each
  longstate::Index kv_heads = 2;  ///< of the grouped queries
  longstate::Index latent = 32;   ///< of latent heads, beside rope
  longstate::Index rope = 8;
  longstate::Index order = 64;  ///< of the state space, a channel
};

struct ComparisonRun {
  std::string model;
  longstate::Index length;
  double seconds_per_token;  ///< streams: of the last token; those that run in blocks: of all, divided
  double seconds;            ///< of all tokens; negative: not run
  long long state_bytes;     ///< carried from one token to the next
  long long peak_bytes;      ///< allocated at most, the tokens and outputs aside; negative: not counted
  double flops_per_token =
      0;  ///< counted by the library (operations.hpp), as the time is: of the last token, or of all
  double exponentials_per_token = 0;
};

std::span<const std::string_view> comparison_models();

/// In single precision on one thread. Throws std::invalid_argument if sizes do not fit together.
ComparisonRun compare_model(std::string_view model, longstate::Index length, const ComparisonSizes& sizes);

/// Of the time of a token, from the two longest runs of a model: log(t2 / t1) / log(n2 / n1).
double growth(const ComparisonRun& shorter, const ComparisonRun& longer);

/// For those whose time grows by a power of the length: that power; else 0.
int comparison_power(std::string_view model);

}  // namespace cli
