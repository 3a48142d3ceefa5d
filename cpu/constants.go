package cpu

import (
	"bytes"
	"hash/maphash"
	"slices"
	"sync"
	"unsafe"
	"weak"
)

// constantPool keeps one copy of equal constants: a network that is compiled for several batches has the same weights in each
// program. It holds no memory itself.
type constantPool struct {
	mu    sync.Mutex
	known map[uint64][]pooled // by hash
}

// pooled is a constant's memory, for as long as a program has it.
type pooled struct {
	first weak.Pointer[byte]
	bytes int
}

// sharedBytes is the least that is worth looking for.
const sharedBytes = 64 << 10

var constantSeed = maphash.MakeSeed()

// share gives the memory of an equal constant, or otherwise that of own, which has content and nobody else writes to.
func (p *constantPool) share(content []byte, own func() []byte) []byte {
	if len(content) < sharedBytes {
		return own()
	}
	hash := maphash.Bytes(constantSeed, content)
	p.mu.Lock()
	defer p.mu.Unlock()
	live := slices.DeleteFunc(p.known[hash], func(c pooled) bool { return c.first.Value() == nil })
	for _, c := range live {
		if first := c.first.Value(); first != nil {
			if mem := unsafe.Slice(first, c.bytes); bytes.Equal(mem, content) {
				return mem
			}
		}
	}
	mem := own()
	if p.known == nil {
		p.known = map[uint64][]pooled{}
	}
	p.known[hash] = append(live, pooled{weak.Make(unsafe.SliceData(mem)), len(mem)})
	return mem
}
