package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	slidingTaps = 3 // products of a segment of a sliding tile
	leastRows   = 4 // of a sliding tile
)

// stride is by how many numbers of the left operand the rows of a sliding tile are apart, 0 for other tiles.
func (k kind) stride() int {
	switch k {
	case sliding:
		return 1
	case slidingBy2:
		return 2
	}
	return 0
}

// slides jumps to the products of a sliding tile before the preparations for others.
func (v *vectors) slides(rows int) {
	for _, k := range v.kinds {
		if k.stride() > 0 && rows >= leastRows {
			CMPQ(Mem{Base: b, Disp: tileKind}, Imm(uint64(k)))
			JEQ(LabelRef(v.label(k.String(), rows)))
		}
	}
}

// slidingProducts generates those of all sliding tiles.
func (v *vectors) slidingProducts(rows int) {
	for _, k := range v.kinds {
		if k.stride() > 0 && rows >= leastRows {
			v.slide(rows, k)
		}
	}
}

// slide generates the products of a tile whose rows follow one another, such as the pixels of an image: every vector of the
// left operand is loaded once for all rows that need it, where tiles by channel load it for each.
func (v *vectors) slide(rows int, k kind) {
	Label(v.label(k.String(), rows))
	segment, end, x, weights, aStep, bStep, a, bStart := reg.RAX, reg.RBX, reg.RCX, reg.RDX, reg.RSI, reg.RDI, reg.R8, reg.R9
	MOVQ(Mem{Base: b, Disp: tileSegments}, segment)
	MOVQ(Mem{Base: b, Disp: tileCount}, end)
	SHLQ(Imm(4), end)
	ADDQ(segment, end)
	MOVQ(Mem{Base: b, Disp: tileAStep}, aStep)
	MOVQ(Mem{Base: b, Disp: tileBStep}, bStep)
	MOVQ(Mem{Base: b, Disp: tileRows}, a)
	MOVQ(Mem{Base: a}, a)
	ADDQ(Mem{Base: b, Disp: tileA}, a)
	MOVQ(Mem{Base: b, Disp: tileB}, bStart)
	v.eachSum(rows, func(sum reg.VecPhysical) { v.zero(sum) })
	CMPQ(segment, end)
	JEQ(LabelRef(v.label("summed", rows)))
	Label(v.label(k.String()+"Segment", rows))
	MOVQ(Mem{Base: segment}, x)
	ADDQ(a, x)
	MOVQ(Mem{Base: segment, Disp: 8}, weights)
	ADDQ(bStart, weights)
	ADDQ(Imm(16), segment)
	for tap := range slidingTaps {
		for half := range v.halves {
			from := Mem{Base: weights, Disp: half * v.bytes}
			if tap > 0 {
				from.Index, from.Scale = bStep, uint8(tap)
			}
			VMOVUPS(from, v.weight(tap, half))
		}
	}
	stride := k.stride()
	for j := range (rows-1)*stride + slidingTaps {
		for half := range v.halves {
			number := v.spare(slidingTaps*v.halves + half)
			v.load(Mem{Base: x, Disp: half * v.bytes}, number)
			for tap := range slidingTaps {
				if r := j - tap; r >= 0 && r%stride == 0 && r/stride < rows {
					VFMADD231PS(number, v.weight(tap, half), v.sum(r/stride, half))
				}
			}
		}
		ADDQ(aStep, x)
	}
	CMPQ(segment, end)
	JNE(LabelRef(v.label(k.String()+"Segment", rows)))
	JMP(LabelRef(v.label("summed", rows)))
}

// weight is the register with half 0 or 1 of the weights of a tap.
func (v *vectors) weight(tap, half int) reg.VecPhysical { return v.spare(v.halves*tap + half) }
