#pragma once

// Signals as CSV: one column a channel, one row a sample, an optional header. Columns are separated by commas,
// semicolons, tabs or spaces. Read row by row in constant memory.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// Turns chunks of bytes into rows of numbers. Throws InputError naming the source, line and column of what is wrong:
/// text, NaN or infinity, a row of another width, or a line longer than max_line.
class CsvParser {
 public:
  static constexpr std::size_t max_line = std::size_t{1} << 20;

  explicit CsvParser(std::string source) : source_(std::move(source)) {}

  /// Appends the numbers of all lines that this chunk completes to `values`, row after row.
  void feed(std::string_view chunk, std::vector<double>& values);

  /// The end of the input: a last line may lack its newline. Throws InputError if there was no row at all.
  void finish(std::vector<double>& values);

  std::size_t columns() const { return columns_; }  ///< 0 before the first row
  std::size_t rows() const { return rows_; }

 private:
  void parse_line(std::string_view line, std::vector<double>& values);
  [[noreturn]] void fail(const std::string& what) const;

  std::string source_;
  std::string partial_;  // the line that the chunks so far have begun
  bool header_ = false;
  std::size_t line_ = 0;
  std::size_t columns_ = 0;
  std::size_t rows_ = 0;
};

}  // namespace cli
