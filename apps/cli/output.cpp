#include "cli/output.hpp"

#include "cli/error.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace cli {
namespace {

[[noreturn]] void fail(const std::string& path, int error) {
  throw Failure(fmt::format("{}: {}", path == "-" ? "standard output" : path, std::strerror(error)));
}

}  // namespace

PartialFile::PartialFile(std::string path) : path_(std::move(path)) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path_, error);
  if (std::filesystem::is_directory(status)) throw Failure(fmt::format("{}: is a directory", path_));
  const bool in_place = std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
  if (!in_place && std::filesystem::exists(status) && ::access(path_.c_str(), W_OK) != 0) fail(path_, errno);
  partial_ = in_place ? path_ : fmt::format("{}.part-{}", path_, ::getpid());
  std::FILE* const file = std::fopen(partial_.c_str(), "wb");  // now, and not after an hour of work
  if (!file) fail(path_, errno);
  std::fclose(file);
}

PartialFile::~PartialFile() {
  std::error_code ignored;
  if (!committed_ && partial_ != path_) std::filesystem::remove(partial_, ignored);
}

void PartialFile::commit() {
  if (partial_ != path_ && std::rename(partial_.c_str(), path_.c_str()) != 0) fail(path_, errno);
  committed_ = true;
}

TextOutput::TextOutput(const std::string& path, bool whole) : path_(path), file_(stdout) {
  if (path == "-") {
    if (whole) file_ = std::tmpfile();
    if (!file_) throw Failure(fmt::format("no temporary file: {}", std::strerror(errno)));
    return;
  }
  partial_ = std::make_unique<PartialFile>(path);
  file_ = std::fopen(partial_->path().c_str(), "wb");
  if (!file_) fail(path, errno);
}

TextOutput::~TextOutput() {
  if (file_ && file_ != stdout) std::fclose(file_);
}

void TextOutput::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) fail(path_, errno);
}

void TextOutput::copy_to_standard_output() {
  std::rewind(file_);
  std::array<char, 1 << 16> buffer;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file_)) {
    if (std::fwrite(buffer.data(), 1, got, stdout) != got) fail(path_, errno);
  }
  if (std::fflush(stdout) != 0) fail(path_, errno);
}

void TextOutput::commit() {
  if (std::fflush(file_) != 0) fail(path_, errno);
  if (!partial_) {
    if (file_ != stdout) copy_to_standard_output();
    return;
  }
  const int failed = std::fclose(file_);
  file_ = nullptr;
  if (failed != 0) fail(path_, errno);
  partial_->commit();
}

}  // namespace cli
