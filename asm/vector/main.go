// Command vector writes the assembly of package kernel's element-wise, reduction, normalisation, pooling, optimizer and
// conversion and search loops, for one instruction set at a time:
//
//	go run ./vector -isa avx512 -out ../internal/kernel/vector_avx512_amd64.s -stubs ../internal/kernel/vector_avx512_amd64.go -pkg kernel
//
// Each loop is written once over vectors of 16 (AVX-512) or 8 (AVX2) numbers; package emitter's few methods hide how
// the two load the end of a slice, compare and choose. What a loop computes is said by the portable Go loop of its name.
package main

import (
	"flag"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	isa := flag.String("isa", "avx512", "avx2 or avx512")
	flag.Parse()
	ConstraintExpr("amd64")
	e := newEmitter(*isa == "avx512")
	e.elementwise()
	e.selections()
	e.reductions()
	e.weightedDistances()
	e.searches()
	e.normalisation()
	e.pooling()
	e.optimizers()
	e.conversions()
	Generate()
}
