// Any bytes are a state, which then saves to the same bytes (less the structure, unless a system says it), or a
// std::invalid_argument. The checksum would stop nearly all inputs at the door, so it is made to fit.

#include <longstate/longstate.hpp>

#include <boost/crc.hpp>
#include <boost/endian/conversion.hpp>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace {

constexpr std::size_t place_of_structure = 7;

std::vector<std::byte> with_checksum(std::vector<std::byte> bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  const std::uint32_t checksum = boost::endian::native_to_little(crc.checksum());
  bytes.resize(bytes.size() + sizeof checksum);
  std::memcpy(&bytes[bytes.size() - sizeof checksum], &checksum, sizeof checksum);
  return bytes;
}

template <class T>
void restore(std::vector<std::byte> bytes) {
  try {
    const longstate::State<T> x = longstate::restore_state<T>(with_checksum(bytes));
    if (bytes.size() > place_of_structure) bytes[place_of_structure] = std::byte{0};
    if (longstate::save_state<T>(x) != with_checksum(bytes)) std::abort();
  } catch (const std::invalid_argument&) {
    return;
  }
}

template <class T>
void restore(const std::vector<std::byte>& bytes, const longstate::DiscreteSystem& system) {
  try {
    const longstate::State<T> x = longstate::restore_state<T>(with_checksum(bytes), system);
    std::vector<std::byte> saved = longstate::save_state<T>(x, system);
    if (bytes[place_of_structure] == std::byte{0}) saved = longstate::save_state<T>(x);
    if (saved != with_checksum(bytes)) std::abort();
  } catch (const std::invalid_argument&) {
    return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const longstate::DiscreteSystem system =
      longstate::discretize(longstate::dense(longstate::hippo_coefficient_system(longstate::LegT{}, 2)), 0.01,
                            longstate::Discretization::zoh);
  const auto* first = reinterpret_cast<const std::byte*>(data);
  const std::vector<std::byte> bytes(first, first + size);
  restore<float>(bytes);
  restore<double>(bytes);
  restore<float>(bytes, system);
  restore<double>(bytes, system);
  return 0;
}
