package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The polynomials are near-minimax fits (weighted least squares by Lawson's iteration) of the relative error, their
// coefficients rounded to float32 from the lowest degree on.
var (
	expTail  = []float64{0.49999994, 0.16666523, 0.041668292, 0.008368532, 0.0013818296}                                        // (eʳ-1-r)/r², |r| ≤ ln2/2: 3e-9
	logTail  = []float64{0.3333333, -0.2500082, 0.20001242, -0.16623409, 0.1420158, -0.1315961, 0.12762217, -0.07636439}        // (log(1+f)-f+f²/2)/f³, √½ ≤ 1+f ≤ √2: 6e-9
	tanhTail = []float64{-0.3333328, 0.13331406, -0.053736515, 0.020628167, -0.005692296}                                       // (tanh x - x)/x³ in x², |x| ≤ 0.625: 5e-9
	erfTail  = []float64{0.128379166, -0.37612626, 0.112835787, -0.0268533472, 0.0051871622, -0.00079978531, 7.80690316e-05}    // erf(x)/x - 1 in x², |x| ≤ 1: 2e-9
	erfcLog  = []float64{-0.000341514708, -1.12708926, -0.638144672, -0.103106909, 0.0218381323, -0.00294767017, 0.00018637933} // log(1 - erf x), 1 ≤ x ≤ 4: 2e-9 of erf
	ln2High  = float64(float32(math.Ln2))
	ln2Low   = math.Ln2 - ln2High
)

const (
	smallestNormal = 0x1p-126
	rootHalfBits   = 0x3f3504f3
)

type vecFunc = func(x reg.VecVirtual) reg.VecVirtual

// polynomial prepares Horner's rule for the given coefficients, lowest first, kept where constant puts them.
func (e *emitter) polynomial(coefficients []float64, constant func(float64) Op) vecFunc {
	ops := make([]Op, len(coefficients))
	for i, c := range coefficients {
		ops[i] = constant(c)
	}
	return func(x reg.VecVirtual) reg.VecVirtual {
		p := e.vec()
		VMOVUPS(ops[len(ops)-1], p)
		for i := len(ops) - 2; i >= 0; i-- {
			VFMADD213PS(ops[i], x, p)
		}
		return p
	}
}

// exp splits x = n·ln2 + r, |r| ≤ ln2/2, and gives 2ⁿ·eʳ.
func (e *emitter) exp() vecFunc {
	low, high := e.register(-104), e.register(89) // beyond lie 0 and +Inf
	log2e, ln2High, ln2Low, one := e.constant(math.Log2E), e.constant(ln2High), e.constant(ln2Low), e.constant(1)
	tail := e.polynomial(expTail, e.constant)
	power := e.scaleByPower()
	return func(x reg.VecVirtual) reg.VecVirtual {
		r := e.vec()
		VMAXPS(x, low, r) // in this order NaN stays
		VMINPS(r, high, r)
		n := e.round(e.mul(r, log2e))
		VFNMADD231PS(ln2High, n, r)
		VFNMADD231PS(ln2Low, n, r)
		p := tail(r)
		VFMADD213PS(r, e.mul(r, r), p)
		VADDPS(one, p, p)
		return power(p, n)
	}
}

func (e *emitter) round(x reg.VecVirtual) reg.VecVirtual {
	r := e.vec()
	if e.avx512 {
		VRNDSCALEPS(U8(0), x, r)
	} else {
		VROUNDPS(U8(0), x, r)
	}
	return r
}

// scaleByPower computes p·2ⁿ, in two steps where one might overflow before it denormalises.
func (e *emitter) scaleByPower() func(p, n reg.VecVirtual) reg.VecVirtual {
	if e.avx512 {
		return func(p, n reg.VecVirtual) reg.VecVirtual {
			r := e.vec()
			VSCALEFPS(n, p, r)
			return r
		}
	}
	bias := e.bits(127)
	return func(p, n reg.VecVirtual) reg.VecVirtual {
		whole, half := YMM(), YMM()
		VCVTPS2DQ(n, whole)
		VPSRAD(U8(1), whole, half)
		VPSUBD(half, whole, whole)
		for _, exponent := range []reg.VecVirtual{half, whole} {
			VPADDD(bias, exponent, exponent)
			VPSLLD(U8(23), exponent, exponent)
			p = e.mul(p, exponent)
		}
		return p
	}
}

func (e *emitter) log() vecFunc {
	f := e.logPlus()
	return func(x reg.VecVirtual) reg.VecVirtual { return f(x, nil) }
}

// logPlus computes log(x) + more, more being nil or tiny. It splits x = 2ᵉ·(1+f), √½ ≤ 1+f < √2.
func (e *emitter) logPlus() func(x reg.VecVirtual, more reg.Register) reg.VecVirtual {
	normal, up, shift := e.memory(smallestNormal), e.memory(1<<23), e.memory(23)
	half, mantissa, one := e.bits(rootHalfBits), e.bits(0x7fffff), e.constant(1)
	tail, minusHalf := e.polynomial(logTail, e.memory), e.constant(-0.5)
	high, low := e.constant(ln2High), e.constant(ln2Low)
	inf, minusInf, nan := e.memory(math.Inf(1)), e.memory(math.Inf(-1)), e.memory(math.NaN())
	zero := e.zero()
	return func(x reg.VecVirtual, more reg.Register) reg.VecVirtual {
		tiny := e.compare(less, x, normal)
		whole, f := e.vec(), e.vec()
		VPSUBD(half, e.choose(tiny, e.mul(x, up), x), whole)
		VANDPS(mantissa, whole, f)
		VPADDD(half, f, f)
		VSUBPS(one, f, f)
		VPSRAD(U8(23), whole, whole)
		VCVTDQ2PS(whole, whole)
		exponent := e.sub(whole, e.keep(tiny, e.operand(shift)))

		square, t := e.mul(f, f), tail(f)
		VFMADD213PS(minusHalf, f, t)
		rest := e.mul(exponent, low)
		VFMADD231PS(square, t, rest)
		if more != nil {
			VADDPS(more, rest, rest)
		}
		VADDPS(f, rest, rest)
		VFMADD231PS(high, exponent, rest)

		rest = e.choose(e.compare(equal, x, inf), inf, rest)
		rest = e.choose(e.compare(equal, x, zero), minusInf, rest)
		return e.choose(e.or(e.compare(less, x, zero), e.compare(unordered, x, x)), nan, rest)
	}
}

// operand brings a constant to a register.
func (e *emitter) operand(c Op) reg.VecVirtual {
	if v, ok := c.(reg.VecVirtual); ok {
		return v
	}
	v := e.vec()
	VMOVUPS(c, v)
	return v
}

// log1p computes log(u) + (x - (u-1))/u, u = 1 + x, which makes up for what the rounding of u lost.
func (e *emitter) log1p() vecFunc {
	one := e.register(1)
	log := e.logPlus()
	return func(x reg.VecVirtual) reg.VecVirtual {
		u := e.add(x, one)
		lost := e.div(e.sub(x, e.sub(u, one)), u)
		return e.choose(e.compare(equal, u, one), x, log(u, lost))
	}
}

// logistic computes 1/(1+z) for x ≥ 0 and z/(1+z) for x < 0, z = exp(-|x|).
func (e *emitter) logistic() vecFunc {
	sign, one, zero := e.bits(0x80000000), e.register(1), e.zero()
	exp := e.exp()
	return func(x reg.VecVirtual) reg.VecVirtual {
		negative := e.vec()
		VORPS(sign, x, negative)
		z := exp(negative)
		return e.div(e.choose(e.compare(less, x, zero), z, one), e.add(z, one))
	}
}

// tanh computes 1 - 2/(exp(2|x|)+1), or a polynomial near 0, and gives it the sign of x.
func (e *emitter) tanh() vecFunc {
	sign, near := e.bits(0x80000000), e.constant(0.625)
	one, two := e.register(1), e.register(2)
	exp, tail := e.exp(), e.polynomial(tanhTail, e.constant)
	return func(x reg.VecVirtual) reg.VecVirtual {
		signOf, size := e.vec(), e.vec()
		VANDPS(sign, x, signOf)
		VXORPS(signOf, x, size)
		far := e.sub(one, e.div(two, e.add(exp(e.add(size, size)), one)))
		square := e.mul(size, size)
		small := e.mul(e.mul(tail(square), square), size)
		r := e.choose(e.compare(less, size, near), e.add(small, size), far)
		VORPS(signOf, r, r)
		return r
	}
}

// erf computes 1 - exp(log(1 - erf |x|)), or a polynomial near 0, and gives it the sign of x.
func (e *emitter) erf() vecFunc {
	sign, near := e.bits(0x80000000), e.constant(1)
	one, most := e.register(1), e.register(4) // beyond it is 1
	exp, tail, log := e.exp(), e.polynomial(erfTail, e.memory), e.polynomial(erfcLog, e.memory)
	return func(x reg.VecVirtual) reg.VecVirtual {
		signOf, size, within := e.vec(), e.vec(), e.vec()
		VANDPS(sign, x, signOf)
		VXORPS(signOf, x, size)
		VMINPS(size, most, within) // in this order NaN stays
		far := e.sub(one, exp(log(within)))
		small := tail(e.mul(size, size))
		VFMADD213PS(size, size, small)
		r := e.choose(e.compare(less, size, near), small, far)
		VORPS(signOf, r, r)
		return r
	}
}
