// Stands in for the toolkit's header of the same name.
#pragma once

#include "tensor/half.hpp"

using __half = danas::Half;

inline float __half2float(__half x) { return x; }
inline __half __float2half_rn(float x) { return __half(x); }
