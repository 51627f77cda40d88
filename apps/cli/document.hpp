#pragma once

// What the subcommands print: JSON documents and matrices to read.

#include <longstate/types.hpp>

#include <nlohmann/json.hpp>

#include <string>

namespace cli {

using Json = nlohmann::ordered_json;  // keys in the order in which design and help name them

/// A list of numbers, and a list of rows. Numbers are written so that they read back as the same double.
Json to_json(const longstate::Vector<double>& values);
Json to_json(const longstate::Matrix<double>& rows);

/// A list for one column, else a list of the columns: coefficients and states, one list a channel.
Json columns_to_json(const longstate::Matrix<double>& columns);

/// A matrix as a table of at most 8 x 8 entries, the rest as dots.
std::string to_text(const std::string& name, const longstate::Matrix<double>& rows);

/// Throws Failure naming the first number that is not finite. JSON has no word for it, and no result is one.
void check_finite(const Json& document);

/// The document and a newline. Throws as check_finite().
std::string to_line(const Json& document);

/// The same to standard output. Throws Failure, too, if nobody reads it.
void print(const Json& document);
void print(const std::string& text);

}  // namespace cli
