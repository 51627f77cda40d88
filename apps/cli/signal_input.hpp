#pragma once

// Where signals come from: CSV or audio files, or CSV on standard input.

#include <longstate/types.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace cli {

using longstate::Index;
using longstate::Matrix;

/// A signal being read, in blocks and constant memory.
class SignalInput {
 public:
  virtual ~SignalInput() = default;

  /// The next frames, channels x n, n at most a few thousand; no columns at the end. Throws InputError on bad input.
  virtual Matrix<double> read() = 0;

  /// The share of the input that has been read, or a negative number where its size is not known.
  virtual double progress() const = 0;

  /// Hz, where the file says so.
  virtual std::optional<double> rate() const { return std::nullopt; }
};

/// Opens PATH by its extension: csv, txt, tsv; wav, flac, ogg, aif, aiff, au; "-" for CSV on standard input.
/// Throws InputError if it does not exist, is not readable or has another extension.
std::unique_ptr<SignalInput> open_signal(const std::string& path);

/// A signal in memory.
struct LoadedSignal {
  Matrix<double> samples;  ///< channels x n
  std::optional<double> rate;
};
LoadedSignal load_signal(const std::string& path);

}  // namespace cli
