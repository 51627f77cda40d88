// A plug-in as a host loads it: the library within, nothing of it shared with the program.

#include "support/real_time.hpp"

extern "C" std::vector<support::RealTimeCall>* make_real_time_calls() {
  return new std::vector<support::RealTimeCall>(support::real_time_calls(20, 24));
}
