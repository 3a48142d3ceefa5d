package cpu

import "math"

// Half-precision numbers. GoMLX's float16 package rounds numbers below 2⁻¹⁴ to 0 (v0.1.0 of its compute), so these are ours.

// fromFloat16 is the number with these bits.
func fromFloat16(bits uint16) float32 {
	sign, exponent, fraction := uint32(bits&0x8000)<<16, uint32(bits>>10&0x1f), uint32(bits&0x3ff)
	switch exponent {
	case 0:
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// toFloat16 rounds to the nearest number, of two equally near ones to the even one.
func toFloat16(x float32) uint16 {
	bits := math.Float32bits(x)
	sign := uint16(bits >> 16 & 0x8000)
	bits &^= 1 << 31
	switch {
	case bits > 0x7f800000: // not a number
		return sign | 0x7e00
	case bits >= 0x47800000: // 2¹⁶ and above
		return sign | 0x7c00
	case bits < 0x38800000: // below 2⁻¹⁴: a multiple of 2⁻²⁴
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(bits))*0x1p24))
	}
	return sign | uint16((bits-112<<23+0xfff+bits>>13&1)>>13)
}

// fromBFloat16 is the number with these bits.
func fromBFloat16(bits uint16) float32 { return math.Float32frombits(uint32(bits) << 16) }

// toBFloat16 rounds to the nearest number, of two equally near ones to the even one.
func toBFloat16(x float32) uint16 {
	bits := math.Float32bits(x)
	if x != x {
		return uint16(bits>>16) | 0x40
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}
