package kernel

import (
	"fmt"
	"unsafe"
)

// Workspace is the private memory of one worker. The zero value is ready; it grows to the largest need it meets and is
// then reused, so that products allocate nothing in the steady state. Only one goroutine may use it at a time.
type Workspace struct {
	tile    tile
	edge    []float32 // a full tile, where the output has fewer columns
	edgeOut []int
	band    []float32 // input rows with their padding
	panel   []float32 // right operand packed on the fly
	left    []float32 // rows of the left operand, copied apart
	turned  []float32 // outputs computed as their transpose
	halves  []uint16  // input rows rounded to bfloat16
	zeros   []float32
}

// floats returns *buffer with n numbers of any value, grown when needed.
func floats(buffer *[]float32, n int) []float32 {
	*buffer = grown(*buffer, n)
	return *buffer
}

// grown returns a slice of n elements of any value, the old one if that is large enough.
func grown[T any](old []T, n int) []T {
	if cap(old) < n {
		return make([]T, n)
	}
	return old[:n]
}

// run multiplies rows of the left operand with one panel. The caller has set everything in w.tile but rows and out.
func (w *Workspace) run(k *productKernels, rows, out []int, cols int) {
	t := &w.tile
	if t.ahead == nil {
		t.ahead = t.b
	}
	for r := 0; r < len(rows); r += k.rows {
		n := min(k.rows, len(rows)-r)
		t.rows, t.out = &rows[r], &out[r]
		if cols == k.cols {
			k.tile(n, t)
		} else {
			w.runEdge(k, n, cols, out[r:])
		}
	}
}

// runEdge runs a tile whose output is narrower than the micro-kernel's.
func (w *Workspace) runEdge(k *productKernels, rows, cols int, out []int) {
	t := &w.tile
	edge := floats(&w.edge, k.rows*k.cols)
	if len(w.edgeOut) < k.rows {
		w.edgeOut = offsets(k.rows, k.cols)
	}
	c, flags := t.c, t.flags
	t.c, t.out, t.flags = unsafe.Pointer(&edge[0]), &w.edgeOut[0], 0
	k.tile(rows, t)
	t.c, t.flags = c, flags
	for r := range rows {
		t.store(edge[r*k.cols:][:cols], out[r])
	}
}

// offsets lists the byte offsets of n things that lie stride numbers apart.
func offsets(n, stride int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i * stride * 4
	}
	return list
}

func divideUp(a, b int) int { return (a + b - 1) / b }

// checkLength panics unless x is nil or has at least n numbers.
func checkLength(name string, x []float32, n int) {
	if x != nil && len(x) < n {
		panic(fmt.Sprintf("kernel: %s has %d numbers, want %d", name, len(x), n))
	}
}
