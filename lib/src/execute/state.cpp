#include "../detail/check.hpp"

#include <longstate/execute/state.hpp>
#include <longstate/measure/basis.hpp>

#include <boost/crc.hpp>
#include <boost/endian/conversion.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace longstate {
namespace {

constexpr std::array<char, 4> magic{'L', 'S', 'T', 'A'};
constexpr std::uint16_t version = 1;
constexpr std::size_t header = 24;  // magic, version, bytes of a value, structure, rows, cols
constexpr std::size_t footer = 4;   // checksum

template <class Integer>
void put(std::byte* to, Integer value) {
  boost::endian::native_to_little_inplace(value);
  std::memcpy(to, &value, sizeof value);
}

template <class Integer>
Integer get(const std::byte* from) {
  Integer value;
  std::memcpy(&value, from, sizeof value);
  boost::endian::little_to_native_inplace(value);
  return value;
}

std::uint32_t checksum(std::span<const std::byte> bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

[[noreturn]] void refuse(std::string_view rule, const std::string& got) { detail::fail("restore_state", rule, got); }

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

constexpr std::uint8_t no_structure = 0;
std::uint8_t tag_of(Structure structure) { return static_cast<std::uint8_t>(1 + static_cast<int>(structure)); }

template <class T>
std::vector<std::byte> save(const State<T>& x, std::uint8_t structure) {
  const std::size_t size = static_cast<std::size_t>(x.size());
  std::vector<std::byte> bytes(header + size * sizeof(T) + footer);
  std::memcpy(bytes.data(), magic.data(), magic.size());
  put(&bytes[4], version);
  put(&bytes[6], static_cast<std::uint8_t>(sizeof(T)));
  put(&bytes[7], structure);
  put(&bytes[8], static_cast<std::uint64_t>(x.rows()));
  put(&bytes[16], static_cast<std::uint64_t>(x.cols()));
  for (std::size_t i = 0; i < size; ++i) {
    Bits<T> bits;
    std::memcpy(&bits, x.data() + i, sizeof bits);
    put(&bytes[header + i * sizeof(T)], bits);
  }
  put(&bytes[bytes.size() - footer], checksum(std::span(bytes).first(bytes.size() - footer)));
  return bytes;
}

}  // namespace

template <class T>
std::vector<std::byte> save_state(const State<T>& x) {
  return save(x, no_structure);
}

template <class T>
std::vector<std::byte> save_state(const State<T>& x, const DiscreteSystem& system) {
  detail::check_shape("save_state", "x", x.rows(), x.cols(), system.order(), x.cols());
  return save(x, tag_of(system.structure()));
}

template <class T>
State<T> restore_state(std::span<const std::byte> bytes) {
  if (bytes.size() < header + footer || std::memcmp(bytes.data(), magic.data(), magic.size()) != 0) {
    refuse("the bytes must be a saved state", "something else");
  }
  if (const auto found = get<std::uint16_t>(&bytes[4]); found != version) {
    refuse("the version must be 1", std::to_string(found));
  }
  if (const auto found = get<std::uint32_t>(&bytes[bytes.size() - footer]);
      found != checksum(bytes.first(bytes.size() - footer))) {
    refuse("the checksum must fit", "a damaged state");
  }
  if (const auto found = get<std::uint8_t>(&bytes[6]); found != sizeof(T)) {
    refuse("values must have " + std::to_string(sizeof(T)) + " bytes", std::to_string(found));
  }
  if (const auto found = get<std::uint8_t>(&bytes[7]); found > structure_names().size()) {
    refuse("the structure must be one of " + std::to_string(structure_names().size()),
           "number " + std::to_string(found));
  }
  const auto rows = get<std::uint64_t>(&bytes[8]);
  const auto cols = get<std::uint64_t>(&bytes[16]);
  const std::uint64_t size = (bytes.size() - header - footer) / sizeof(T);
  const bool fits = rows > 0 && cols > 0 && rows <= size && size % rows == 0 && size / rows == cols &&
                    bytes.size() == header + size * sizeof(T) + footer;
  if (!fits) {
    refuse("the length must be that of " + std::to_string(rows) + " x " + std::to_string(cols) + " values",
           std::to_string(bytes.size()) + " bytes");
  }
  State<T> x(static_cast<Index>(rows), static_cast<Index>(cols));
  for (std::size_t i = 0; i < size; ++i) {
    const auto bits = get<Bits<T>>(&bytes[header + i * sizeof(T)]);
    std::memcpy(x.data() + i, &bits, sizeof bits);
  }
  if (!x.allFinite()) refuse("values must be finite", "nan or infinity");
  return x;
}

template <class T>
State<T> restore_state(std::span<const std::byte> bytes, const DiscreteSystem& system) {
  State<T> x = restore_state<T>(bytes);
  if (x.rows() != system.order()) {
    refuse("the state must have the system's " + std::to_string(system.order()) + " numbers", std::to_string(x.rows()));
  }
  const auto found = get<std::uint8_t>(&bytes[7]), own = tag_of(system.structure());
  if (found == no_structure || found == own) return x;
  refuse(std::string("the state must be of structure ").append(name(system.structure())),
         std::string(structure_names()[found - 1U]));
}

template std::vector<std::byte> save_state<float>(const State<float>& x, const DiscreteSystem&);
template std::vector<std::byte> save_state<double>(const State<double>& x, const DiscreteSystem&);
template State<float> restore_state<float>(std::span<const std::byte> bytes, const DiscreteSystem&);
template State<double> restore_state<double>(std::span<const std::byte> bytes, const DiscreteSystem&);
template std::vector<std::byte> save_state<float>(const State<float>& x);
template std::vector<std::byte> save_state<double>(const State<double>& x);
template State<float> restore_state<float>(std::span<const std::byte> bytes);
template State<double> restore_state<double>(std::span<const std::byte> bytes);

Vector<double> read_out(const Measure& measure, const ConstFrame<double>& coefficients,
                        const ConstFrame<double>& ages) {
  Vector<double> signal(ages.size());
  constexpr Index chunk = 256;  // bounds the memory of the basis
  for (Index done = 0; done < ages.size(); done += chunk) {
    const Index more = std::min(chunk, ages.size() - done);
    signal.segment(done, more) =
        basis(measure, coefficients.size(), ages.segment(done, more)).transpose() * coefficients;
  }
  return signal;
}

}  // namespace longstate
