// Stands in for the toolkit's header of the same name.
#pragma once

#include "tensor/half.hpp"

using __nv_bfloat16 = danas::Bfloat16;

inline float __bfloat162float(__nv_bfloat16 x) { return x; }
inline __nv_bfloat16 __float2bfloat16_rn(float x) { return __nv_bfloat16(x); }
