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
	team       team
	workspaces []kernel.Workspace // one per thread
	epilogues  []kernel.Epilogue  // one per thread, of the convolution it works on
	lists      [][][]float32      // one per thread, for the operands of a task
	parts      []*frame           // one per thread, of a program that works in parts
	called     []*frame           // of the programs that tasks run
	kept       []*Buffer          // per kept block, what it was computed from; nil if it must be computed
	mu         sync.Mutex
	err        error // the first one a task reported
}

func newFrame(p *program, threads int) *frame {
	fr := &frame{program: p, mem: make([][]byte, len(p.blocks)), kept: make([]*Buffer, len(p.kept))}
	fr.workspaces = make([]kernel.Workspace, threads)
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
		fr.called = append(fr.called, newFrame(called, threads))
	}
	arena := memory.Allocate(p.arenaBytes)
	for r := range p.blocks {
		switch b := &p.blocks[p.root(ref(r))]; b.kind {
		case arenaBlock:
			fr.mem[r] = arena[b.offset:][:p.blocks[r].bytes:p.blocks[r].bytes]
		case constantBlock:
			fr.mem[r] = b.mem
		case keptBlock:
			fr.mem[r] = memory.Allocate(b.bytes)
		}
	}
	return fr
}

// run executes the program. A panic or an error of a task ends it.
func (fr *frame) run() error {
	fr.err = nil
	for i := range fr.program.tasks {
		k := &fr.program.tasks[i]
		if k.kept > 0 && fr.kept[k.kept-1] != nil {
			continue
		}
		fr.team.run(k)
		if fr.err != nil {
			return fr.err
		}
	}
	return nil
}

// forget drops the kept blocks that were not computed from these inputs, or from memory that may have changed since.
func (fr *frame) forget(inputs []compute.Buffer) {
	for i, k := range fr.program.kept {
		if b := fr.kept[i]; b != nil && (b != inputs[k.parameter] || b.exposed.Load()) {
			fr.kept[i] = nil
		}
	}
}

// remember notes what the kept blocks were computed from.
func (fr *frame) remember(inputs []compute.Buffer) {
	for i, k := range fr.program.kept {
		if k.parameter >= 0 {
			fr.kept[i] = inputs[k.parameter].(*Buffer)
		}
	}
}

// release forgets the memory that is not the frame's own.
func (fr *frame) release() {
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
