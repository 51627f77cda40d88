#pragma once

// Files that appear whole or not at all, and standard output that notices when nobody reads it.

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace cli {

/// The name under which a file is written until it is whole: PATH.part-PID, in the same folder, then renamed. Removed
/// by the destructor if commit() was not called. Devices and pipes (/dev/null, …) are written in place.
class PartialFile {
 public:
  /// Throws Failure if PATH cannot be written.
  explicit PartialFile(std::string path);
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  ~PartialFile();

  const std::string& path() const { return partial_; }  ///< where to write
  void commit();

 private:
  std::string path_;
  std::string partial_;
  bool committed_ = false;
};

/// Text, written to a file as above, or to standard output for "-": at once, or, if `whole`, not before commit(), from
/// a temporary file. Throws Failure when a write fails.
class TextOutput {
 public:
  explicit TextOutput(const std::string& path, bool whole = false);
  ~TextOutput();
  TextOutput(const TextOutput&) = delete;
  TextOutput& operator=(const TextOutput&) = delete;

  void write(std::string_view text);
  void commit();

 private:
  void copy_to_standard_output();

  std::string path_;
  std::unique_ptr<PartialFile> partial_;
  std::FILE* file_;
};

}  // namespace cli
