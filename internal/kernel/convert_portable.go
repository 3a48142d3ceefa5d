package kernel

import "math"

func toBFloat16Loop(dst []uint16, x []float32) {
	for i, v := range x[:len(dst)] {
		bits := math.Float32bits(v)
		if v != v {
			dst[i] = uint16(bits>>16) | 0x40
			continue
		}
		dst[i] = uint16((bits + 0x7fff + bits>>16&1) >> 16)
	}
}

func fromBFloat16Loop(dst []float32, x []uint16) {
	for i, v := range x[:len(dst)] {
		dst[i] = math.Float32frombits(uint32(v) << 16)
	}
}

func transposeTileLoop(dst []float32, dstStep int, src []float32, srcStep, rows, cols int) {
	for r := range rows {
		for c, v := range src[r*srcStep:][:cols] {
			dst[c*dstStep+r] = v
		}
	}
}

func (s *vectorSet) setPortableConvert() {
	s.toBFloat16, s.fromBFloat16, s.transposeTile = toBFloat16Loop, fromBFloat16Loop, transposeTileLoop
}
