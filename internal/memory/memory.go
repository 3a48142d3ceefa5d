// Package memory allocates what kernels work on.
package memory

import "unsafe"

// Alignment of all memory in bytes: a cache line, and the widest vector register.
const Alignment = 64

// Allocate returns zeroed, aligned memory, in huge pages where it is large and there are any.
func Allocate(bytes int) []byte {
	if bytes >= 8*hugePage {
		mem := allocateAligned(bytes, hugePage)
		wantHugePages(mem[:bytes/hugePage*hugePage])
		return mem
	}
	return allocateAligned(bytes, Alignment)
}

// allocateAligned returns zeroed memory at a multiple of alignment, a power of two.
func allocateAligned(bytes, alignment int) []byte {
	mem := make([]byte, bytes+alignment)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(mem)))) & (alignment - 1)
	return mem[skip : skip+bytes : skip+bytes]
}
