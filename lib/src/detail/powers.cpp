#include "powers.hpp"

double longstate::detail::rest_of_float(double x) { return x - static_cast<double>(static_cast<float>(x)); }
