package cpu

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// program is a compiled function: tasks to run in order, on blocks of memory.
type program struct {
	tasks        []task
	blocks       []block
	arenaBytes   int
	operands     int // the most a task lists
	parameters   []ref
	outputs      []ref // each a block of its own
	outputShapes []shapes.Shape
	hosts        []int // per output the parameter whose memory it takes if that is donated, or -1
	kept         []kept
	part         *program   // of the tasks' parts of a batch, or nil
	images       []bool     // per parameter whether it has parts
	called       []*program // that tasks run
}

// kept is a block that depends on one parameter alone. It serves for as long as a frame is given the same buffer.
type kept struct {
	block     ref
	parameter int // or -1: it is not kept after all
	as        any // what else makes the same of the buffer, comparable; nil for nothing
}

// ref names a block of a program.
type ref int

// block is a piece of memory.
type block struct {
	kind   blockKind
	bytes  int
	mem    []byte // of a constant
	first  int    // step that writes it first
	last   int    // step that uses it last
	same   ref    // block whose memory this one takes over, or -1
	offset int    // in the arena
}

type blockKind int

const (
	arenaBlock blockKind = iota
	parameterBlock
	constantBlock
	outputBlock
	keptBlock
)

// compiler lowers nodes to tasks. Lowering one node is a step.
type compiler struct {
	backend *Backend
	program program
	results []*value // of the program
	where   map[*value]ref
	step    int
	name    string         // of the node being lowered
	inPlace []replacement  // blocks that may take over another's memory
	alone   map[*node]bool // nodes that only the Go backend runs
}

// replacement allows block new, first written in a step, the memory of block old, last read in it: the step's
// tasks read every element of old before, or in the same unit and place as, they write it.
type replacement struct {
	step     int
	new, old ref
}

// compile turns a function into a program.
func compile(backend *Backend, f *Function) (p *program, err error) {
	defer recoverTo(&err)
	if !backend.unfused {
		if part, parts, images := f.split(backend); part != nil {
			if p, err = compile(backend, part); err != nil {
				return nil, err
			}
			return inParts(p, parts, images), nil
		}
	}
	g := simplify(f)
	if err := g.rewrite(backend); err != nil {
		return nil, err
	}
	c, err := lowerNodes(backend, g)
	if err == nil && len(c.alone) > 1 && !backend.unfused && g.groupForeign(c.alone) {
		c, err = lowerNodes(backend, g)
	}
	if err != nil {
		return nil, err
	}
	c.program.plan(c.inPlace)
	return &c.program, backend.left(c.alone)
}

// recoverTo turns a panic into an error.
func recoverTo(err *error) {
	if p := recover(); p != nil {
		if cause, ok := p.(error); ok {
			*err = cause
			return
		}
		*err = fmt.Errorf("%v", p)
	}
}

// lower turns a body into a program.
func lower(backend *Backend, g *body) (*program, error) {
	c, err := lowerNodes(backend, g)
	if err != nil {
		return nil, err
	}
	c.program.plan(c.inPlace)
	return &c.program, nil
}

func lowerNodes(backend *Backend, g *body) (*compiler, error) {
	c := &compiler{backend: backend, results: g.results, where: map[*value]ref{}, alone: map[*node]bool{}}
	for _, v := range g.parameters {
		c.program.parameters = append(c.program.parameters, c.place(v, block{kind: parameterBlock}))
	}
	for _, n := range g.nodes {
		if err := c.lower(n); err != nil {
			return nil, fmt.Errorf("lowering %s: %w", n, err)
		}
	}
	for _, v := range g.results {
		c.output(v)
	}
	return c, nil
}

// lower emits the tasks of one node.
func (c *compiler) lower(n *node) (err error) {
	defer recoverTo(&err)
	c.step++
	c.name = opName(n.op)
	switch n.op {
	case compute.OpTypeParameter:
		return nil
	case compute.OpTypeConstant:
		c.place(n.outputs[0], block{kind: constantBlock, mem: n.attrs.(*constant).mem})
		return nil
	}
	if lower := operations[n.op].lower; lower != nil && lower(c, n) || lowerMapping(c, n) {
		return nil
	}
	return lowerFallback(c, n)
}

// place gives a value its block.
func (c *compiler) place(v *value, b block) ref {
	b.bytes, b.first, b.last, b.same = byteSize(v.shape), c.step, c.step, -1
	c.program.blocks = append(c.program.blocks, b)
	r := ref(len(c.program.blocks) - 1)
	c.where[v] = r
	return r
}

// in is the block of an operand, which the step reads.
func (c *compiler) in(v *value) ref {
	r, ok := c.where[v]
	if !ok {
		panic(fmt.Sprintf("operand %s was not lowered", v.name()))
	}
	c.program.blocks[r].last = c.step
	return r
}

// out is the block of a result, which the step writes.
func (c *compiler) out(v *value) ref { return c.place(v, block{}) }

// scratch is a block of n float32 for the step alone.
func (c *compiler) scratch(n int) ref { return c.scratchBytes(4 * n) }

func (c *compiler) scratchBytes(n int) ref {
	c.program.blocks = append(c.program.blocks, block{bytes: n, first: c.step, last: c.step, same: -1})
	return ref(len(c.program.blocks) - 1)
}

// needLists makes room for n operands in a frame's lists.
func (c *compiler) needLists(n int) { c.program.operands = max(c.program.operands, n) }

// replace allows out the memory of in; see replacement.
func (c *compiler) replace(out, in ref) {
	c.inPlace = append(c.inPlace, replacement{c.step, out, in})
}

const (
	// minWork is the work below which a task is not worth dividing among threads that are awake: about three microseconds.
	minWork = 1 << 13
	// wakeWork is the work below which it is not worth waking threads.
	wakeWork = 4 * minWork
	// spellWork is how much work a thread does before other goroutines have a turn, about: two milliseconds.
	spellWork = 1 << 22
)

// productOps is how many floating-point operations of a matrix product or convolution take as long as moving an
// element.
const productOps = 32

// emit adds a task of some units of work; work is the cost of all, counted in elements moved.
func (c *compiler) emit(units, work int, run func(fr *frame, thread, lo, hi int)) {
	chunk := 0
	if work >= minWork && units > 1 {
		pieces := min(units, 4*c.backend.options.Threads, max(work/(minWork/2), 2))
		chunk = (units + pieces - 1) / pieces
	}
	spell := 0
	if work > spellWork {
		spell = max(1, int(float64(units)*spellWork/float64(work)))
	}
	c.program.tasks = append(c.program.tasks, task{name: c.name, units: units, chunk: chunk, wakes: work >= wakeWork, spell: spell, run: run})
}

// serial adds a task for one thread.
func (c *compiler) serial(run func(fr *frame)) {
	c.emit(1, 0, func(fr *frame, _, _, _ int) { run(fr) })
}

// output makes v an output of the program, in a block of its own.
func (c *compiler) output(v *value) {
	c.step++
	c.name = "Output"
	r := c.in(v)
	b := &c.program.blocks[r]
	if b.kind == arenaBlock {
		b.kind = outputBlock
	} else {
		from := r
		c.program.blocks = append(c.program.blocks, block{kind: outputBlock, bytes: b.bytes, first: c.step, last: c.step, same: -1})
		r = ref(len(c.program.blocks) - 1)
		c.replace(r, from)
		c.serial(func(fr *frame) { copy(fr.mem[r], fr.mem[from]) })
	}
	c.program.outputs = append(c.program.outputs, r)
	c.program.outputShapes = append(c.program.outputShapes, v.shape)
}

// name is a short name of a value, for messages.
func (v *value) name() string { return fmt.Sprintf("%s.%d%s", opName(v.node.op), v.index, v.shape) }

// String shows a node with the shapes of its operands.
func (n *node) String() string { return fmt.Sprintf("%s%v", opName(n.op), shapesOf(n.inputs)) }
