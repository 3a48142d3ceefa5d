package kernel

import (
	"os"
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"
)

// atEdge copies x to memory whose end, and the end of x with it, lies before a page that nobody may read.
func atEdge(t *testing.T, x []float32) []float32 {
	page := os.Getpagesize()
	size := (4*len(x) + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip("no memory of our own: ", err)
	}
	t.Cleanup(func() { syscall.Munmap(memory) })
	if err := syscall.Mprotect(memory[size:], syscall.PROT_NONE); err != nil {
		t.Skip("no protected memory: ", err)
	}
	if len(x) == 0 {
		return nil
	}
	edge := unsafe.Slice((*float32)(unsafe.Pointer(&memory[size-4*len(x)])), len(x))
	copy(edge, x)
	return edge
}

func TestConvolutionsReadAndWriteNothingBehindTheirOperands(t *testing.T) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	eachImplementation(t, func(t *testing.T) {
		for _, c := range convCases() {
			t.Run(c.name, func(t *testing.T) {
				debug.SetPanicOnFault(true)
				s := c.shape.withDefaults()
				src, weights := atEdge(t, make([]float32, s.N*s.H*s.W*s.C)), atEdge(t, make([]float32, s.KH*s.KW*s.groupC()*s.F))
				dst := atEdge(t, make([]float32, s.N*s.pixels()*s.F))
				columns := atEdge(t, make([]float32, s.F))
				ep := &Epilogue{Scale: columns, Shift: columns, Slopes: columns, Act: LeakyReLU, Residual: dst, Accumulate: true}
				k, g, w := NewConv(s), NewConvWeightGrad(s), &Workspace{}
				packed, scratch := atEdge(t, make([]float32, k.PackSize())), atEdge(t, make([]float32, g.ScratchSize()))
				k.Pack(packed, weights, plainWeights(s), 0, k.PackUnits())
				k.Run(dst, src, packed, ep, 0, k.Units(), w)
				g.Run(scratch, src, dst, 0, g.Units(), w)
				g.Reduce(weights, scratch, plainWeights(s), 0, g.ReduceUnits())
			})
		}
	})
}
