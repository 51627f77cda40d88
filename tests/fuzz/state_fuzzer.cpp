// Any bytes are a state, which then saves to the same bytes, or a std::invalid_argument. The checksum would stop nearly
// all inputs at the door, so it is made to fit.

#include <longstate/execute/state.hpp>

#include <boost/crc.hpp>
#include <boost/endian/conversion.hpp>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace {

template <class T>
void restore(const std::vector<std::byte>& bytes) {
  try {
    if (longstate::save_state<T>(longstate::restore_state<T>(bytes)) != bytes) std::abort();
  } catch (const std::invalid_argument&) {
    return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> bytes(size + 4);
  if (size > 0) std::memcpy(bytes.data(), data, size);
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), size);
  const std::uint32_t checksum = boost::endian::native_to_little(crc.checksum());
  std::memcpy(&bytes[size], &checksum, sizeof checksum);
  restore<float>(bytes);
  restore<double>(bytes);
  return 0;
}
