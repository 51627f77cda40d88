#include "cli/csv.hpp"

#include "cli/error.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

std::vector<double> parse(const std::string& text, std::size_t chunk = 1 << 16) {
  cli::CsvParser parser("x.csv");
  std::vector<double> values;
  for (std::size_t at = 0; at < text.size(); at += chunk) parser.feed(std::string_view(text).substr(at, chunk), values);
  parser.finish(values);
  return values;
}

using Values = std::vector<double>;

}  // namespace

TEST_CASE("numbers, headers, separators, line ends, comments") {
  CHECK(parse("1\n2\n3\n") == Values{1, 2, 3});
  CHECK(parse("1\n2\n3") == Values{1, 2, 3});
  CHECK(parse("time,value\n1,2\n3,-4e-3\n") == Values{1, 2, 3, -4e-3});
  CHECK(parse("1, 2\r\n3 ,4\r\n") == Values{1, 2, 3, 4});
  CHECK(parse("1;2\n3;4\n") == Values{1, 2, 3, 4});
  CHECK(parse(" 1\t2\n 3   4 \n") == Values{1, 2, 3, 4});
  CHECK(parse("\xEF\xBB\xBF"
              "1\n") == Values{1});
  CHECK(parse("# a comment\n\n+1\n\n2\n") == Values{1, 2});
  CHECK(parse("1e-400\n-1e-400\n+2e-310\n") == Values{0, 0, 2e-310});
}

TEST_CASE("chunks of any size are one text") {
  const std::string text = "left,right\n1.25,2\n3,4.5\n-5e-2,6\n";
  for (std::size_t chunk = 1; chunk < text.size(); ++chunk) {
    CHECK(parse(text, chunk) == Values{1.25, 2, 3, 4.5, -5e-2, 6});
  }
}

TEST_CASE("what is wrong is named, with its line and column") {
  const auto complaint = [](const std::string& text) -> std::string {
    try {
      parse(text);
    } catch (const cli::InputError& error) {
      return error.what();
    }
    return "none";
  };
  CHECK(complaint("") == "x.csv: the file is empty");
  CHECK(complaint("value\n") == "x.csv: there is no row of numbers");
  CHECK(complaint("1\nnan\n") == "x.csv: line 2, column 1: nan is not a finite number");
  CHECK(complaint("1,2\n3,inf\n") == "x.csv: line 2, column 2: inf is not a finite number");
  CHECK(complaint("1e999\n") == "x.csv: line 1, column 1: '1e999' is beyond the range of a double");
  CHECK(complaint("1,2\n3\n") == "x.csv: line 2 has 1 columns, the lines before it 2");
  CHECK(complaint("a\nb\n") == "x.csv: line 2, column 1: 'b' is not a number");
  CHECK(complaint("1\nhello\n") == "x.csv: line 2, column 1: 'hello' is not a number");
  CHECK(complaint("1,,2\n") == "x.csv: line 1, column 2: '' is not a number");
  CHECK(complaint(std::string(2 << 20, '1')) == "x.csv: line 1 is longer than 1048576 bytes");
  CHECK(complaint(std::string("1\n\0\x01zz\n", 7)) == "x.csv: line 2, column 1: '??zz' is not a number");
}
