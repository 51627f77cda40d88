#include "cli/signal_input.hpp"

#include "cli/audio.hpp"
#include "cli/csv.hpp"
#include "cli/error.hpp"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

namespace cli {
namespace {

class CsvInput : public SignalInput {
 public:
  CsvInput(std::FILE* file, const std::string& source, double size) : file_(file), size_(size), parser_(source) {}
  CsvInput(const CsvInput&) = delete;
  CsvInput& operator=(const CsvInput&) = delete;
  ~CsvInput() override {
    if (file_ != stdin) std::fclose(file_);
  }

  Matrix<double> read() override {
    values_.clear();
    while (values_.empty() && !ended_) {
      const std::size_t got = std::fread(buffer_.data(), 1, buffer_.size(), file_);
      if (std::ferror(file_)) throw InputError(fmt::format("cannot read the input: {}", std::strerror(errno)));
      bytes_ += static_cast<double>(got);
      if (got > 0) {
        parser_.feed({buffer_.data(), got}, values_);
      } else {
        ended_ = true;
        parser_.finish(values_);
      }
    }
    if (values_.empty()) return {};
    const Index channels = static_cast<Index>(parser_.columns());
    return Eigen::Map<const Eigen::MatrixXd>(values_.data(), channels, static_cast<Index>(values_.size()) / channels);
  }

  double progress() const override { return size_ > 0 ? bytes_ / size_ : -1.0; }

 private:
  std::FILE* file_;
  double size_;
  double bytes_ = 0;
  bool ended_ = false;
  CsvParser parser_;
  std::array<char, 1 << 16> buffer_{};
  std::vector<double> values_;
};

/// The size of standard input where it is a file, so that the progress can be told.
double redirected_size() {
  struct stat status {};
  const bool file = ::fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode);
  return file ? static_cast<double>(status.st_size) : -1.0;
}

std::string lower_extension(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension;
}

template <std::size_t n>
bool is_one_of(const std::string& text, const std::array<std::string_view, n>& list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

std::unique_ptr<SignalInput> open_signal(const std::string& path) {
  using namespace std::string_view_literals;
  if (path == "-") return std::make_unique<CsvInput>(stdin, "standard input", redirected_size());

  const std::string extension = lower_extension(path);
  const bool is_csv = is_one_of(extension, std::array{".csv"sv, ".txt"sv, ".tsv"sv});
  const bool is_audio = is_one_of(extension, std::array{".wav"sv, ".flac"sv, ".ogg"sv, ".aif"sv, ".aiff"sv, ".au"sv});
  if (!is_csv && !is_audio) {
    throw InputError(
        fmt::format("{}: a signal is a .csv, .txt, .tsv, .wav, .flac, .ogg, .aif, .aiff or .au file, "
                    "or - for CSV on standard input",
                    path));
  }
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw InputError(fmt::format("{}: is a directory", path));
  if (is_audio && std::filesystem::exists(path, error)) {
    if (!std::filesystem::is_regular_file(path, error)) {
      throw InputError(fmt::format("{}: is not a regular file, and audio is read from nothing else", path));
    }
    return open_audio(path);
  }
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  if (!file) throw InputError(fmt::format("{}: {}", path, std::strerror(errno)));
  const auto size = std::filesystem::file_size(path, error);
  return std::make_unique<CsvInput>(file, path, error ? -1.0 : static_cast<double>(size));
}

LoadedSignal load_signal(const std::string& path) {
  const std::unique_ptr<SignalInput> input = open_signal(path);
  LoadedSignal signal;
  signal.rate = input->rate();
  std::vector<double> values;
  Index channels = 0;
  for (Matrix<double> block = input->read(); block.cols() > 0; block = input->read()) {
    channels = block.rows();
    values.insert(values.end(), block.data(), block.data() + block.size());
  }
  signal.samples =
      Eigen::Map<const Eigen::MatrixXd>(values.data(), channels, static_cast<Index>(values.size()) / channels);
  return signal;
}

}  // namespace cli
