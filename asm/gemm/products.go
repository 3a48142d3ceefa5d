package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// products sums up all products of a tile.
func (v *vectors) products(rows int, locals Mem) {
	l := v.loop(rows, locals)
	Load(Param("t"), b)
	v.slides(rows)
	for _, field := range []struct {
		offset int
		to     Op
	}{{tileAStep, l.aStep}, {tileBStep, l.bStep}, {tileCount, l.count}, {tileB, l.bStart}, {tileSegments, l.segment}, {tileAheadStep, l.aheadStep}} {
		MOVQ(Mem{Base: b, Disp: field.offset}, index)
		MOVQ(index, field.to)
	}
	MOVQ(Mem{Base: b, Disp: tileDepth}, index)
	IMULQ(l.aStep, index)
	MOVQ(index, l.length)
	MOVQ(Mem{Base: b, Disp: tileRows}, ahead)
	for r := range rows {
		MOVQ(Mem{Base: b, Disp: tileA}, rowPointers[r])
		ADDQ(Mem{Base: ahead, Disp: 8 * r}, rowPointers[r])
	}
	if v.narrow() {
		MOVQ(Mem{Base: b, Disp: tileBStep}, ahead)
	} else {
		MOVQ(Mem{Base: b, Disp: tileAhead}, ahead)
	}
	MOVQ(Mem{Base: b, Disp: tileKind}, index)
	v.eachSum(rows, func(sum reg.VecPhysical) { v.zero(sum) })
	CMPQ(l.count, Imm(0))
	JEQ(LabelRef(v.label("summed", rows)))
	for _, k := range v.kinds[1:] {
		if k.stride() > 0 {
			continue
		}
		CMPQ(index, Imm(uint64(k)))
		JEQ(LabelRef(v.label(k.String()+"Segment", rows)))
	}
	for i, k := range v.kinds {
		if k.stride() > 0 {
			continue
		}
		if i > 0 {
			JMP(LabelRef(v.label("summed", rows)))
		}
		if k == byChannel {
			v.taps(rows, l)
			continue
		}
		if !v.narrow() && k == plain {
			v.askForOutputs(rows)
		}
		v.segments(rows, k, l)
	}
	Label(v.label("summed", rows))
}

// askForOutputs asks for the memory that a tile's sums go to, because stores that miss the caches would wait for each
// other: the products take longer than all of them together. Streamed sums pass the caches by.
func (v *vectors) askForOutputs(rows int) {
	MOVQ(Mem{Base: b, Disp: tileFlags}, index)
	TESTQ(U32(flagStream), index)
	JNE(LabelRef(v.label("asked", rows)))
	MOVQ(Mem{Base: b, Disp: tileC}, index)
	MOVQ(Mem{Base: b, Disp: tileOut}, b)
	for r := range rows {
		ADDQ(Mem{Base: b, Disp: 8 * r}, index)
		for line := 0; line < v.halves*v.bytes; line += 64 {
			PREFETCHT0(Mem{Base: index, Disp: line})
		}
		SUBQ(Mem{Base: b, Disp: 8 * r}, index)
	}
	Label(v.label("asked", rows))
}

// taps sums up the products by channel of all segments, which have one each. Loads are the bottleneck here, so the
// pointer to the segments stays in a register.
func (v *vectors) taps(rows int, l loop) {
	Label(v.label(byChannel.String()+"Segment", rows))
	MOVQ(l.segment, ahead)
	MOVQ(l.count, index)
	SHLQ(Imm(4), index)
	ADDQ(ahead, index)
	MOVQ(index, l.end)
	Label(v.label("tap", rows))
	MOVQ(Mem{Base: ahead}, index)
	MOVQ(Mem{Base: ahead, Disp: 8}, b)
	ADDQ(Imm(16), ahead)
	ADDQ(l.bStart, b)
	v.step(rows, byChannel)
	CMPQ(ahead, l.end)
	JNE(LabelRef(v.label("tap", rows)))
}

// segments sums up the products of all segments.
func (v *vectors) segments(rows int, k kind, l loop) {
	Label(v.label(k.String()+"Segment", rows))
	MOVQ(l.segment, b)
	ADDQ(Imm(16), l.segment)
	MOVQ(Mem{Base: b}, index)
	MOVQ(Mem{Base: b, Disp: 8}, b)
	ADDQ(l.bStart, b)
	ADDQ(l.length, index)
	MOVQ(index, l.end)
	SUBQ(l.length, index)
	Label(v.label(k.String()+"Product", rows))
	v.step(rows, k)
	if v.narrow() { // bound by its loads: it asks for nothing ahead and keeps bStep there
		ADDQ(ahead, b)
	} else {
		PREFETCHT1(Mem{Base: ahead})
		ADDQ(l.aheadStep, ahead)
		ADDQ(l.bStep, b)
	}
	ADDQ(l.aStep, index)
	CMPQ(index, l.end)
	JNE(LabelRef(v.label(k.String()+"Product", rows)))
	DECQ(l.count)
	JNE(LabelRef(v.label(k.String()+"Segment", rows)))
}

// step adds the products of one number per row, or one vector by channel, with one row of the right operand.
func (v *vectors) step(rows int, k kind) {
	for half := range v.halves {
		v.load(Mem{Base: b, Disp: half * v.bytes}, v.spare(half))
	}
	others := len(v.all) - v.halves*(v.rows+1)
	for r := range rows {
		x := v.spare(v.halves + r%others)
		left := Mem{Base: rowPointers[r], Index: index, Scale: 1}
		if k == byChannel {
			v.stepByChannel(r, left, x)
			continue
		}
		if v.narrow() && v.bytes == 64 && k == plain { // one instruction where only one sum needs the number
			VFMADD231PS_BCST(left, v.spare(0), v.sum(r, 0))
			continue
		}
		VBROADCASTSS(left, x)
		for half := range v.halves {
			if k == pairs {
				dotPairs(v.spare(half), x, v.sum(r, half))
			} else {
				VFMADD231PS(v.spare(half), x, v.sum(r, half))
			}
		}
	}
}

// stepByChannel adds the products of one row's vectors.
func (v *vectors) stepByChannel(r int, left Mem, x reg.VecPhysical) {
	for half := range v.halves {
		from := left.Offset(half * v.bytes)
		switch {
		case !v.narrow():
			VFMADD231PS(from, v.spare(half), v.sum(r, half))
		case v.bytes == 64:
			VFMADD231PS(from, v.spare(half), reg.K1, v.sum(r, half))
		default:
			v.load(from, x)
			VFMADD231PS(x, v.spare(half), v.sum(r, half))
		}
	}
}
