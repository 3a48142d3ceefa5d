package kernel

import (
	"fmt"
	"unsafe"
)

// Workspace is the private memory of one worker. The zero value is ready; it grows to the largest need it meets and is
// then reused, so that products allocate nothing in the steady state. Only one goroutine may use it at a time.
type Workspace struct {
	tile   tile
	band   []float32 // input rows with their padding
	panel  []float32 // right operand packed on the fly
	left   []float32 // rows of the left operand, copied apart
	turned []float32 // outputs computed as their transpose
	row    []float32 // one row of these
	halves []uint16  // input rows rounded to bfloat16
	pooled []float32 // feature maps that wait to be pooled
	zeros  []float32

	pooledRows []float32 // the largest of some rows

	square   squareWork
	segments []segment
	squares  []float32 // sums that are not yet complete
	once     []float32 // a right operand's block, packed
	high     []uint16  // numbers rounded to bfloat16
	rest     []float32 // and what is left of them

	winograd winogradSpace
}

// floats returns *buffer with n numbers of any value, grown when needed.
func floats(buffer *[]float32, n int) []float32 {
	*buffer = grown(*buffer, n)
	return *buffer
}

// zerosOf points at n zeros.
func (w *Workspace) zerosOf(n int) unsafe.Pointer {
	if len(w.zeros) < n {
		w.zeros = make([]float32, n)
	}
	return unsafe.Pointer(&w.zeros[0])
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
	if t.ahead == 0 {
		t.ahead = uintptr(t.b)
	}
	t.kind, t.cols = k.kind, cols
	for r := 0; r < len(rows); r += k.rows {
		n := min(k.rows, len(rows)-r)
		t.rows, t.out = &rows[r], &out[r]
		if cols == k.cols {
			k.tile(n, t)
		} else {
			t.runNarrow(k, n, cols)
		}
		t.ahead += t.aheadTile
	}
}

// runNarrow runs a tile of fewer columns than the micro-kernel's, vector by vector.
func (t *tile) runNarrow(k *productKernels, rows, cols int) {
	moved := 0
	for {
		t.cols = min(cols-moved, k.vector)
		k.narrow(rows, t)
		if moved+t.cols == cols {
			break
		}
		moved += t.cols
		t.right(4 * t.cols)
	}
	if moved > 0 {
		t.right(-4 * moved)
	}
}

// right moves on by some bytes of columns.
func (t *tile) right(bytes int) {
	t.b, t.c = unsafe.Add(t.b, bytes), unsafe.Add(t.c, bytes)
	if t.kind >= byChannelTile {
		t.a = unsafe.Add(t.a, bytes)
	}
	t.moveColumns(flagScale, &t.scale, bytes)
	t.moveColumns(flagShift, &t.shift, bytes)
	t.moveColumns(flagSlopes, &t.slopes, bytes)
	t.moveColumns(flagResidual|flagResidualLast, &t.residual, bytes)
}

// moveColumns moves a pointer if one of the flags says that it is in use.
func (t *tile) moveColumns(flags int, p *unsafe.Pointer, bytes int) {
	if t.flags&flags != 0 {
		*p = unsafe.Add(*p, bytes)
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
