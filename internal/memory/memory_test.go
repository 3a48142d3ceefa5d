package memory

import (
	"slices"
	"testing"
	"unsafe"
)

func TestMemoryIsAlignedAndZero(t *testing.T) {
	for _, bytes := range []int{0, 1, 63, 64, 1000, 8*hugePage - 1, 8 * hugePage, 9*hugePage + 5} {
		mem := Allocate(bytes)
		if len(mem) != bytes || cap(mem) != bytes {
			t.Errorf("Allocate(%d) has %d bytes and room for %d", bytes, len(mem), cap(mem))
		}
		if at := uintptr(unsafe.Pointer(unsafe.SliceData(mem))); bytes > 0 && at%Alignment != 0 {
			t.Errorf("Allocate(%d) begins at %x, want a multiple of %d", bytes, at, Alignment)
		}
		if slices.ContainsFunc(mem, func(b byte) bool { return b != 0 }) {
			t.Errorf("Allocate(%d) is not zero", bytes)
		}
	}
}
