#include "cli/audio.hpp"

#include "cli/error.hpp"

#include <fmt/core.h>
#include <sndfile.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>

namespace cli {
namespace {

struct CloseSound {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using SoundFile = std::unique_ptr<SNDFILE, CloseSound>;

/// libsndfile takes a RIFF file that ends early for a shorter one. Its header says how long it was to be; a writer to a
/// pipe leaves a size of 0 or close to 2^32, which says nothing.
void check_riff_complete(const std::string& path) {
  std::array<unsigned char, 8> head{};
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(head.data()), head.size()) || head[0] != 'R' || head[1] != 'I') return;
  const auto byte = [&](std::size_t at) { return std::uint64_t{head[at]}; };
  const std::uint64_t claimed = 8 + (byte(4) | byte(5) << 8 | byte(6) << 16 | byte(7) << 24);
  const std::uint64_t actual = std::filesystem::file_size(path);
  if (claimed > actual && claimed < 0xFFFF0000u) {
    throw InputError(fmt::format("{}: the file is cut short: {} bytes of {}", path, actual, claimed));
  }
}

class AudioInput : public SignalInput {
 public:
  explicit AudioInput(const std::string& path) : path_(path) {
    check_riff_complete(path);
    file_.reset(sf_open(path.c_str(), SFM_READ, &info_));
    if (!file_) throw InputError(fmt::format("{}: {}", path, sf_strerror(nullptr)));
    if (info_.frames == 0) throw InputError(fmt::format("{}: the file holds no samples", path));
    if (info_.channels < 1 || info_.samplerate < 1)
      throw InputError(fmt::format("{}: the header makes no sense", path));
  }

  Matrix<double> read() override {
    Matrix<double> block(info_.channels, 4096);
    const sf_count_t got = sf_readf_double(file_.get(), block.data(), block.cols());
    if (const int error = sf_error(file_.get()); error != SF_ERR_NO_ERROR) {
      throw InputError(fmt::format("{}: {}", path_, sf_error_number(error)));
    }
    block.conservativeResize(Eigen::NoChange, static_cast<Index>(got));
    if (!block.allFinite()) throw InputError(fmt::format("{}: a sample after {} is not finite", path_, frames_));
    frames_ += got;
    if (got == 0 && frames_ < info_.frames) {
      throw InputError(fmt::format("{}: the file is cut short: {} samples of {}", path_, frames_, info_.frames));
    }
    return block;
  }

  double progress() const override { return static_cast<double>(frames_) / static_cast<double>(info_.frames); }
  std::optional<double> rate() const override { return info_.samplerate; }

 private:
  std::string path_;
  SF_INFO info_{};
  SoundFile file_;
  sf_count_t frames_ = 0;
};

}  // namespace

std::unique_ptr<SignalInput> open_audio(const std::string& path) { return std::make_unique<AudioInput>(path); }

void write_wav(const std::string& path, const Matrix<double>& samples, double rate) {
  SF_INFO info{};
  info.samplerate = static_cast<int>(std::lround(rate));
  info.channels = static_cast<int>(samples.rows());
  info.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
  const SoundFile file(sf_open(path.c_str(), SFM_WRITE, &info));
  if (!file) throw Failure(fmt::format("{}: {}", path, sf_strerror(nullptr)));
  if (sf_writef_double(file.get(), samples.data(), samples.cols()) != samples.cols()) {
    throw Failure(fmt::format("{}: {}", path, sf_strerror(file.get())));
  }
}

}  // namespace cli
