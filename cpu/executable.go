package cpu

import (
	"fmt"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// Executable implements compute.Executable. It is safe for concurrent use: every execution takes a frame of
// its own from those that are free, or makes another.
type Executable struct {
	backend     *Backend
	name        string
	inputNames  []string
	inputShapes []shapes.Shape
	program     *program

	mu        sync.Mutex
	free      []*frame
	finalized bool
}

var _ compute.Executable = (*Executable)(nil)

func newExecutable(b *Builder) (*Executable, error) {
	p, err := compile(b.backend, b.main)
	if err != nil {
		return nil, fmt.Errorf("cpu backend: compiling %q: %w", b.name, err)
	}
	e := &Executable{backend: b.backend, name: b.name, program: p}
	for _, v := range b.main.parameters {
		e.inputNames = append(e.inputNames, v.node.attrs.(parameter).name)
		e.inputShapes = append(e.inputShapes, v.shape)
	}
	return e, nil
}

// Inputs implements compute.Executable.
func (e *Executable) Inputs() ([]string, []shapes.Shape) { return e.inputNames, e.inputShapes }

// Outputs implements compute.Executable.
func (e *Executable) Outputs() []shapes.Shape { return e.program.outputShapes }

// Finalize implements compute.Executable. An execution under way ends as usual.
func (e *Executable) Finalize() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.finalized = true
	e.free = nil
	e.backend.rooms.rest()
}

// Execute implements compute.Executable. Donated inputs are written over where the plan allows it.
func (e *Executable) Execute(inputs []compute.Buffer, donate []bool, _ compute.DeviceNum) ([]compute.Buffer, error) {
	clock := e.backend.newClock()
	defer clock.spent(executionName)
	fr, err := e.take()
	if err != nil {
		return nil, err
	}
	r := e.backend.rooms.take(fr.needs(), e.backend.options.Threads)
	fr.settle(r)
	defer func() {
		e.giveBack(fr)
		e.backend.rooms.giveBack(r)
	}()
	if err := e.bind(fr, inputs, donate); err != nil {
		return nil, err
	}
	fr.recall(inputs)
	if err := fr.run(clock); err != nil {
		return nil, fmt.Errorf("cpu backend: executing %q: %w", e.name, err)
	}
	fr.remember(inputs)
	outputs := make([]compute.Buffer, len(e.program.outputs))
	for i, r := range e.program.outputs {
		outputs[i] = &Buffer{backend: e.backend, shape: e.program.outputShapes[i], mem: fr.mem[r]}
	}
	return outputs, nil
}

// take gives a frame to run in.
func (e *Executable) take() (*frame, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.finalized || e.backend.IsFinalized() {
		return nil, fmt.Errorf("cpu backend: executable %q was finalized", e.name)
	}
	if n := len(e.free); n > 0 {
		fr := e.free[n-1]
		e.free = e.free[:n-1]
		return fr, nil
	}
	return newFrame(e.program, e.backend.options.Threads), nil
}

// giveBack keeps a frame for the next execution.
func (e *Executable) giveBack(fr *frame) {
	fr.leave()
	fr.release()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.finalized {
		e.free = append(e.free, fr)
	}
}

// bind checks the inputs, claims the donated ones and gives every parameter and output its memory.
func (e *Executable) bind(fr *frame, inputs []compute.Buffer, donate []bool) error {
	if len(inputs) != len(e.inputShapes) {
		return fmt.Errorf("cpu backend: %q has %d inputs, got %d", e.name, len(e.inputShapes), len(inputs))
	}
	if len(donate) != 0 && len(donate) != len(inputs) {
		return fmt.Errorf("cpu backend: %q has %d inputs, donate has %d entries", e.name, len(inputs), len(donate))
	}
	for i, input := range inputs {
		buffer, ok := input.(*Buffer)
		if !ok || buffer.backend.engine != e.backend.engine {
			return fmt.Errorf("cpu backend: input %q (%d) of %q is %T, want a buffer of this backend", e.inputNames[i], i, e.name, input)
		}
		if err := buffer.check(); err != nil {
			return fmt.Errorf("input %q (%d) of %q: %w", e.inputNames[i], i, e.name, err)
		}
		if !buffer.shape.Equal(e.inputShapes[i]) {
			return fmt.Errorf("cpu backend: input %q (%d) of %q has shape %s, want %s", e.inputNames[i], i, e.name, buffer.shape, e.inputShapes[i])
		}
		fr.mem[e.program.parameters[i]] = buffer.mem
	}
	fr.inputs = inputs
	if err := e.claim(inputs, donate); err != nil {
		return err
	}
	for i, r := range e.program.outputs {
		if host := e.program.hosts[i]; host >= 0 && len(donate) > 0 && donate[host] {
			fr.mem[r] = inputs[host].(*Buffer).mem
		} else {
			fr.mem[r] = e.backend.memory.take(e.program.blocks[r].bytes)
		}
	}
	return nil
}

// claim takes possession of the donated inputs, each of which may be only one of the inputs.
func (e *Executable) claim(inputs []compute.Buffer, donate []bool) error {
	for i := range donate {
		if donate[i] && inputs[i].(*Buffer).lent {
			return fmt.Errorf("cpu backend: input %q (%d) of %q is borrowed memory, which cannot be donated", e.inputNames[i], i, e.name)
		}
		if donate[i] && !inputs[i].(*Buffer).state.CompareAndSwap(bufferLive, bufferDonated) {
			return fmt.Errorf("cpu backend: input %q (%d) of %q is donated twice", e.inputNames[i], i, e.name)
		}
	}
	for i := range donate {
		if !donate[i] && inputs[i].(*Buffer).state.Load() == bufferDonated {
			return fmt.Errorf("cpu backend: input %q (%d) of %q is donated as another input", e.inputNames[i], i, e.name)
		}
	}
	return nil
}
