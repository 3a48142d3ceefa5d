package cpu

import (
	"sync"

	"github.com/siam-go/siam/internal/kernel"
	"github.com/siam-go/siam/internal/memory"
)

// memoryPool keeps the memory of buffers that were finalized for new ones of the same size, because the system takes its
// time to provide fresh memory. The garbage collector empties it. The zero value is ready.
type memoryPool struct {
	bySize sync.Map // from int to *sync.Pool of *[]byte
}

// pooledBytes is the least size that is worth keeping.
const pooledBytes = 1 << 12

// take gives aligned memory with any content.
func (p *memoryPool) take(bytes int) []byte {
	if bytes >= pooledBytes {
		if mem, ok := p.of(bytes).Get().(*[]byte); ok {
			return *mem
		}
	}
	return memory.Allocate(bytes)
}

// giveBack takes memory that nobody uses any more.
func (p *memoryPool) giveBack(mem []byte) {
	if len(mem) >= pooledBytes {
		p.of(len(mem)).Put(&mem)
	}
}

func (p *memoryPool) of(bytes int) *sync.Pool {
	if pool, ok := p.bySize.Load(bytes); ok {
		return pool.(*sync.Pool)
	}
	pool, _ := p.bySize.LoadOrStore(bytes, &sync.Pool{})
	return pool.(*sync.Pool)
}

// roomPool keeps rooms for executions of any program: those that take turns have the same one, which is as large as the largest
// needs. It keeps one until it rests, and the garbage collector takes the others. The zero value is ready.
type roomPool struct {
	mu     sync.Mutex
	spare  *room
	others sync.Pool // of *room
}

// take gives a room with any content in the arena.
func (p *roomPool) take(bytes, threads int) *room {
	p.mu.Lock()
	r := p.spare
	p.spare = nil
	p.mu.Unlock()
	if r == nil {
		r, _ = p.others.Get().(*room)
	}
	if r == nil {
		r = &room{workspaces: make([]kernel.Workspace, threads)}
	}
	if len(r.arena) < bytes {
		r.arena = memory.Allocate(bytes)
	}
	return r
}

// giveBack takes a room that nobody uses any more.
func (p *roomPool) giveBack(r *room) {
	p.mu.Lock()
	r, p.spare = p.spare, r
	p.mu.Unlock()
	if r != nil {
		p.others.Put(r)
	}
}

// rest leaves the room that is kept to the garbage collector, since it may be larger than any program that is left needs; one that runs
// first may still take it.
func (p *roomPool) rest() {
	p.mu.Lock()
	r := p.spare
	p.spare = nil
	p.mu.Unlock()
	if r != nil {
		p.others.Put(r)
	}
}
