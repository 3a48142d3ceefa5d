package cpu

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/siam-go/siam/internal/kernel"
	"github.com/siam-go/siam/internal/memory"
)

// frame is the memory and the threads of one execution of a program.
type frame struct {
	program    *program
	mem        [][]byte // of every block
	inArena    []ref    // the blocks in the arena
	team       team
	workspaces []kernel.Workspace
	epilogues  []kernel.Epilogue // one per thread, of the convolution it works on
	lists      [][][]float32     // one per thread, for the operands of a task
	parts      []*frame          // one per thread, of a program that works in parts
	called     []*frame          // of the programs that tasks run
	inputs     []compute.Buffer  // of the execution
	kept       []*Buffer         // per kept block, what it was computed from; nil if it must be computed
	shared     []bool            // per kept block, whether other frames have it too
	mu         sync.Mutex
	err        error // the first one a task reported
}

// newFrame makes a frame without arena and workspaces, which [frame.settle] gives it.
func newFrame(p *program, threads int) *frame {
	fr := &frame{program: p, mem: make([][]byte, len(p.blocks)), kept: make([]*Buffer, len(p.kept)), shared: make([]bool, len(p.kept))}
	fr.epilogues = make([]kernel.Epilogue, threads)
	fr.lists = make([][][]float32, threads)
	for i := range fr.lists {
		fr.lists[i] = make([][]float32, p.operands)
	}
	fr.team.threads, fr.team.patience = threads, patience(threads)
	fr.team.frame = fr
	if p.part != nil {
		for range threads {
			fr.parts = append(fr.parts, newFrame(p.part, 1))
		}
	}
	for _, called := range p.called {
		fr.called = append(fr.called, newSettledFrame(called, threads))
	}
	for r := range p.blocks {
		switch b := &p.blocks[p.root(ref(r))]; b.kind {
		case constantBlock:
			fr.mem[r] = b.mem
		case arenaBlock:
			fr.inArena = append(fr.inArena, ref(r))
		}
	}
	return fr
}

// newSettledFrame makes a frame with memory of its own.
func newSettledFrame(p *program, threads int) *frame {
	fr := newFrame(p, threads)
	fr.settle(&room{memory.Allocate(fr.needs()), make([]kernel.Workspace, threads)})
	for _, k := range p.kept {
		if k.parameter >= 0 {
			fr.mem[k.block] = memory.Allocate(p.blocks[k.block].bytes)
		}
	}
	return fr
}

// room is what an execution needs for the time being.
type room struct {
	arena      []byte
	workspaces []kernel.Workspace // one per thread
}

// needs is how many bytes of an arena the frame and its parts have.
func (fr *frame) needs() int {
	bytes := align(fr.program.arenaBytes)
	for _, part := range fr.parts {
		bytes += part.needs()
	}
	return bytes
}

// settle places the blocks of the arena, and gives parts their share of the room.
func (fr *frame) settle(r *room) {
	p := fr.program
	fr.workspaces = r.workspaces
	for _, block := range fr.inArena {
		fr.mem[block] = r.arena[p.blocks[p.root(block)].offset:][:p.blocks[block].bytes:p.blocks[block].bytes]
	}
	at := align(p.arenaBytes)
	for thread, part := range fr.parts {
		part.settle(&room{r.arena[at:], r.workspaces[thread : thread+1]})
		at += part.needs()
	}
}

// leave makes the frame forget the room that it had.
func (fr *frame) leave() {
	fr.workspaces = nil
	for _, block := range fr.inArena {
		fr.mem[block] = nil
	}
	for _, part := range fr.parts {
		part.leave()
	}
}

// run executes the program. A panic or an error of a task ends it.
func (fr *frame) run(clock *clock) error {
	fr.err = nil
	clock.spent(executionName)
	for i := range fr.program.tasks {
		k := &fr.program.tasks[i]
		if k.kept > 0 && fr.kept[k.kept-1] != nil {
			continue
		}
		fr.team.run(k)
		clock.spent(k.name)
		if fr.err != nil {
			return fr.err
		}
	}
	return nil
}

// recall finds the kept blocks that were computed from these inputs, by this frame or others, and makes room for those that were not.
func (fr *frame) recall(inputs []compute.Buffer) {
	for _, part := range fr.parts {
		part.recall(inputs)
	}
	for i, k := range fr.program.kept {
		if k.parameter < 0 {
			continue
		}
		b := inputs[k.parameter].(*Buffer)
		exposed := b.exposed.Load() // its memory may have changed
		if fr.kept[i] == b && !exposed {
			continue
		}
		fr.kept[i] = nil
		if mem, ok := b.packed.Load(k.as); ok && !exposed {
			fr.mem[k.block], fr.kept[i], fr.shared[i] = mem.([]byte), b, true
		} else if fr.shared[i] || fr.mem[k.block] == nil {
			fr.mem[k.block], fr.shared[i] = memory.Allocate(fr.program.blocks[k.block].bytes), false
		}
	}
}

// remember notes what the kept blocks were computed from, and lets others have them.
func (fr *frame) remember(inputs []compute.Buffer) {
	for i, k := range fr.program.kept {
		if k.parameter < 0 || fr.kept[i] != nil {
			continue
		}
		b := inputs[k.parameter].(*Buffer)
		fr.kept[i] = b
		if k.as != nil && !b.exposed.Load() {
			mem, _ := b.packed.LoadOrStore(k.as, fr.mem[k.block])
			fr.mem[k.block], fr.shared[i] = mem.([]byte), true
		}
	}
}

// release forgets the memory that is not the frame's own.
func (fr *frame) release() {
	fr.inputs = nil
	for _, r := range fr.program.parameters {
		fr.mem[r] = nil
	}
	for _, r := range fr.program.outputs {
		fr.mem[r] = nil
	}
}

// fail makes the execution end with err.
func (fr *frame) fail(err error) {
	fr.mu.Lock()
	defer fr.mu.Unlock()
	if fr.err == nil {
		fr.err = err
	}
}

// recoverTo turns a panic of a task into an error of the execution.
func (fr *frame) recoverTo(name string) {
	if p := recover(); p != nil {
		fr.fail(fmt.Errorf("%s: %v", name, p))
	}
}

// f32 is a block as float32.
func (fr *frame) f32(r ref) []float32 { return as[float32](fr.mem[r]) }

// as views memory as elements of type T.
func as[T any](mem []byte) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(mem))), len(mem)/int(unsafe.Sizeof(zero)))
}
