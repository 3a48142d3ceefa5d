package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// epilogue applies the flags to the sums.
func (v *vectors) epilogue(rows int) {
	Load(Param("t"), tile)
	MOVQ(Mem{Base: tile, Disp: tileFlags}, flags)
	MOVQ(Mem{Base: tile, Disp: tileC}, c)
	MOVQ(Mem{Base: tile, Disp: tileOut}, out)
	v.when(rows, flagAccumulate, "accumulated", func() { v.addRows(rows, c) })
	v.when(rows, flagScale, "scaled", func() { v.withColumns(rows, tileScale, VMULPS) })
	v.when(rows, flagShift, "shifted", func() { v.withColumns(rows, tileShift, VADDPS) })
	v.when(rows, flagResidual, "residual", func() { v.addResidual(rows) })
	v.when(rows, flagReLU, "relu", func() {
		v.zero(v.spare(0))
		v.eachSum(rows, func(sum reg.VecPhysical) { VMAXPS(sum, v.spare(0), sum) }) // a NaN or -0 in sum wins
	})
	v.when(rows, flagLeakyReLU, "leaky", func() {
		VBROADCASTSS(Mem{Base: tile, Disp: tileSlope}, v.spare(0))
		v.leaky(rows, func(int) reg.VecPhysical { return v.spare(0) })
	})
	v.when(rows, flagSlopes, "slopes", func() {
		v.loadColumns(tileSlopes)
		v.leaky(rows, v.spare)
	})
	v.when(rows, flagClip, "clip", func() {
		VBROADCASTSS(Mem{Base: tile, Disp: tileLow}, v.spare(0))
		VBROADCASTSS(Mem{Base: tile, Disp: tileHigh}, v.spare(1))
		v.eachSum(rows, func(sum reg.VecPhysical) {
			VMAXPS(sum, v.spare(0), sum) // NaN wins
			VMINPS(sum, v.spare(1), sum)
		})
	})
	v.when(rows, flagResidualLast, "last", func() { v.addResidual(rows) })
}

// when generates code that runs if a flag is set.
func (v *vectors) when(rows, flag int, name string, body func()) {
	TESTQ(U32(flag), flags)
	JEQ(LabelRef(v.label(name, rows)))
	body()
	Label(v.label(name, rows))
}

func (v *vectors) eachSum(rows int, body func(sum reg.VecPhysical)) {
	for r := range rows {
		for half := range v.halves {
			body(v.sum(r, half))
		}
	}
}

func (v *vectors) addResidual(rows int) {
	MOVQ(Mem{Base: tile, Disp: tileResidual}, residual)
	v.addRows(rows, residual)
}

// addRows adds memory that is laid out like the output.
func (v *vectors) addRows(rows int, base reg.Register) {
	for r := range rows {
		MOVQ(Mem{Base: out, Disp: 8 * r}, at)
		for half := range v.halves {
			from := Mem{Base: base, Index: at, Scale: 1, Disp: half * v.bytes}
			if v.narrow() {
				v.load(from, v.spare(0))
				VADDPS(v.spare(0), v.sum(r, half), v.sum(r, half))
			} else {
				VADDPS(from, v.sum(r, half), v.sum(r, half))
			}
		}
	}
}

// withColumns applies an instruction with one operand per column.
func (v *vectors) withColumns(rows, field int, instruction func(...Op)) {
	v.loadColumns(field)
	for r := range rows {
		for half := range v.halves {
			instruction(v.spare(half), v.sum(r, half), v.sum(r, half))
		}
	}
}

// loadColumns loads one number per column.
func (v *vectors) loadColumns(field int) {
	MOVQ(Mem{Base: tile, Disp: field}, at)
	for half := range v.halves {
		v.load(Mem{Base: at, Disp: half * v.bytes}, v.spare(half))
	}
}

// leaky multiplies the negative sums by the slopes of their half.
func (v *vectors) leaky(rows int, slope func(half int) reg.VecPhysical) {
	scaled := v.spare(2)
	v.zero(scaled)
	for r := range rows {
		for half := range v.halves {
			sum := v.sum(r, half)
			if v.bytes == 64 {
				VCMPPS(Imm(1), scaled, sum, reg.K2) // sum < 0
				VMULPS(slope(half), sum, reg.K2, sum)
				continue
			}
			VMULPS(slope(half), sum, scaled)
			VBLENDVPS(sum, scaled, sum, sum) // by the sign of sum
		}
	}
}
