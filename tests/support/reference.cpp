#include "reference.hpp"
#include "largest.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <limits>
#include <stdexcept>
#include <vector>

namespace support {
namespace {

struct Store {
  nlohmann::json index;
  std::vector<double> values;

  Store() {
    const std::string folder = LONGSTATE_REFERENCE_DIR;
    std::ifstream(folder + "/reference.json") >> index;
    std::ifstream file(folder + "/reference.bin", std::ios::binary | std::ios::ate);
    values.resize(static_cast<std::size_t>(file.tellg()) / sizeof(double));
    file.seekg(0).read(reinterpret_cast<char*>(values.data()),
                       static_cast<std::streamsize>(values.size() * sizeof(double)));
    if (!file) throw std::runtime_error("the reference data are missing or cut short");
  }
};

const Store& store() {
  static const Store instance;
  return instance;
}

}  // namespace

bool has_reference(const std::string& key) { return store().index.contains(key); }

longstate::Matrix<double> reference(const std::string& key) {
  const nlohmann::json& entry = store().index.at(key);
  return Eigen::Map<const Eigen::MatrixXd>(&store().values.at(entry["offset"].get<std::size_t>()),
                                           entry["rows"].get<longstate::Index>(),
                                           entry["cols"].get<longstate::Index>());
}

double relative_error(const longstate::Matrix<double>& actual, const longstate::Matrix<double>& expected) {
  if (actual.rows() != expected.rows() || actual.cols() != expected.cols() || !actual.allFinite()) {
    return std::numeric_limits<double>::infinity();
  }
  const double largest = expected.cwiseAbs().maxCoeff();
  return support::largest(actual - expected) / (largest > 0 ? largest : 1);
}

}  // namespace support
