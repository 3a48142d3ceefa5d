package kernel

import (
	"fmt"
	"unsafe"
)

// programBlock is about how many numbers a Program works on at a time: a handful of such blocks fit the first-level cache.
const programBlock = 1024

// Value names a vector of a program: an input, a constant or the result of an operation.
type Value int

// ProgramBuilder records a chain of element-wise operations on vectors of one length, n, that a [Program] runs in one
// pass over memory. Inputs and outputs are numbered in the order of their calls.
type ProgramBuilder struct {
	nodes   []node
	inputs  int
	outputs []Value
}

// node is one recorded value; nodes only refer to earlier ones.
type node struct {
	kind     nodeKind
	op       uint8
	args     [3]Value
	input    int
	period   int
	constant float32
}

type nodeKind uint8

const (
	vectorNode nodeKind = iota
	scalarNode
	rowNode
	columnNode
	constantNode
	copyNode
	unaryNode
	binaryNode
	compareNode
	selectNode
	reluGradNode
)

func (b *ProgramBuilder) add(n node) Value {
	for i, a := range n.args[:n.kind.args()] {
		if condition := b.nodes[a].kind == compareNode; condition != (n.kind == selectNode && i == 0) {
			panic(fmt.Sprintf("kernel: ProgramBuilder: value %d: conditions are comparisons and the other way round", a))
		}
	}
	b.nodes = append(b.nodes, n)
	return Value(len(b.nodes) - 1)
}

func (b *ProgramBuilder) input(n node) Value {
	n.input = b.inputs
	b.inputs++
	return b.add(n)
}

// Vector declares an input of n numbers.
func (b *ProgramBuilder) Vector() Value { return b.input(node{kind: vectorNode}) }

// Scalar declares an input of one number, the same for all elements.
func (b *ProgramBuilder) Scalar() Value { return b.input(node{kind: scalarNode}) }

// Row declares an input of c numbers, a row that repeats: element i is row[i%c].
func (b *ProgramBuilder) Row(c int) Value { return b.input(node{kind: rowNode, period: c}) }

// Column declares an input of n/c numbers, one for c elements each: element i is column[i/c].
func (b *ProgramBuilder) Column(c int) Value { return b.input(node{kind: columnNode, period: c}) }

// Constant gives the number x for all elements.
func (b *ProgramBuilder) Constant(x float32) Value {
	return b.add(node{kind: constantNode, constant: x})
}

// Unary records [Unary].
func (b *ProgramBuilder) Unary(op UnaryOp, x Value) Value {
	return b.add(node{kind: unaryNode, op: uint8(op), args: [3]Value{x}})
}

// Binary records [Binary].
func (b *ProgramBuilder) Binary(op BinaryOp, x, y Value) Value {
	return b.add(node{kind: binaryNode, op: uint8(op), args: [3]Value{x, y}})
}

// Compare records [Compare]; its value serves as a condition of Select only.
func (b *ProgramBuilder) Compare(op CompareOp, x, y Value) Value {
	return b.add(node{kind: compareNode, op: uint8(op), args: [3]Value{x, y}})
}

// Select records [Select]: x where the condition, a value of Compare, holds, y elsewhere.
func (b *ProgramBuilder) Select(condition, x, y Value) Value {
	return b.add(node{kind: selectNode, args: [3]Value{condition, x, y}})
}

// ReluGrad records [ReluGrad].
func (b *ProgramBuilder) ReluGrad(dy, x Value) Value {
	return b.add(node{kind: reluGradNode, args: [3]Value{dy, x}})
}

// Output declares an output of n numbers. There may be 64 of them.
func (b *ProgramBuilder) Output(x Value) {
	if kind := b.nodes[x].kind; kind < copyNode || kind == compareNode {
		x = b.add(node{kind: copyNode, args: [3]Value{x}})
	}
	b.outputs = append(b.outputs, x)
}

// Program is a chain of element-wise operations, run block by block in the first-level cache. It is immutable.
type Program struct {
	nodes   []node
	slots   []int // of each value, where it is kept within the scratch memory; -1 for vector inputs and single numbers
	count   int   // slots in all
	block   int
	inputs  int
	vectors []vectorInput
	outputs []Value
	writes  []int // of each value, the first output that it is, or -1
}

// vectorInput is an input of n numbers and the last value computed from it.
type vectorInput struct {
	input    int
	lastRead Value
}

// Program gives the recorded program.
func (b *ProgramBuilder) Program() *Program {
	if len(b.outputs) > 64 {
		panic(fmt.Sprintf("kernel: ProgramBuilder.Program: %d outputs are more than 64", len(b.outputs)))
	}
	p := &Program{nodes: b.nodes, outputs: b.outputs, inputs: b.inputs, block: programBlock}
	lastRead := b.lastReads()
	for v, n := range b.nodes {
		switch {
		case n.kind == vectorNode:
			p.vectors = append(p.vectors, vectorInput{n.input, lastRead[v]})
		case n.kind == rowNode && n.period < programBlock && p.block == programBlock:
			p.block -= programBlock % n.period // so that the row lies the same way in every block
		}
	}
	p.writes = make([]int, len(b.nodes))
	for v := range p.writes {
		p.writes[v] = -1
	}
	for k, v := range b.outputs {
		if p.writes[v] < 0 {
			p.writes[v] = k
		}
	}
	p.placeValues(lastRead)
	return p
}

// lastReads gives for each value the last one computed from it. Outputs are read at the end; inputs and constants that
// fill a slot for good are too.
func (b *ProgramBuilder) lastReads() []Value {
	last := make([]Value, len(b.nodes))
	for v, n := range b.nodes {
		for _, a := range n.args[:n.kind.args()] {
			last[a] = Value(v)
		}
	}
	for v, n := range b.nodes {
		if n.kind != vectorNode && n.kind < copyNode {
			last[v] = Value(len(b.nodes))
		}
	}
	for _, v := range b.outputs {
		last[v] = Value(len(b.nodes))
	}
	return last
}

func (k nodeKind) args() int {
	switch k {
	case copyNode, unaryNode:
		return 1
	case binaryNode, compareNode, reluGradNode:
		return 2
	case selectNode:
		return 3
	}
	return 0
}

// placeValues gives values their slots: rows, columns and single numbers that must be spread out one of their own, as
// most are filled once for all blocks, and results one that no value still to be read occupies.
func (p *Program) placeValues(lastRead []Value) {
	p.slots = make([]int, len(p.nodes))
	var free []int
	take := func() int {
		if len(free) == 0 {
			free = append(free, p.count)
			p.count++
		}
		slot := free[len(free)-1]
		free = free[:len(free)-1]
		return slot
	}
	spread := p.spreadNumbers()
	for v, n := range p.nodes {
		p.slots[v] = -1
		if n.kind == rowNode || n.kind == columnNode || spread[v] {
			p.slots[v] = take()
		}
	}
	for v, n := range p.nodes {
		if n.kind < copyNode {
			continue
		}
		p.slots[v] = take()
		for a := range v + 1 {
			if p.slots[a] >= 0 && (lastRead[a] == Value(v) || a == v && lastRead[a] == 0) { // 0: nobody reads it
				free = append(free, p.slots[a])
			}
		}
	}
}

// spreadNumbers tells which single numbers some operation needs as a vector; a binary operation takes one as it is.
func (p *Program) spreadNumbers() []bool {
	spread := make([]bool, len(p.nodes))
	for _, n := range p.nodes {
		for i, a := range n.args[:n.kind.args()] {
			if p.nodes[a].kind.isNumber() && (n.kind != binaryNode || p.nodes[n.args[1-i]].kind.isNumber()) {
				spread[a] = true
			}
		}
	}
	return spread
}

// isNumber tells whether values of this kind are a single number.
func (k nodeKind) isNumber() bool { return k == scalarNode || k == constantNode }

// ScratchLen is the length of the scratch memory of Run.
func (p *Program) ScratchLen() int { return p.count * p.block }

// Run computes the elements lo to hi of the outputs, all vectors being given whole. An output may be the same memory as
// a vector input; scratch is overwritten.
func (p *Program) Run(outputs, inputs [][]float32, lo, hi int, scratch []float32) {
	if len(inputs) != p.inputs || len(outputs) != len(p.outputs) || len(scratch) < p.ScratchLen() {
		panic(fmt.Sprintf("kernel: Program.Run: %d inputs, %d outputs and scratch of %d, want %d, %d and %d",
			len(inputs), len(outputs), len(scratch), p.inputs, len(p.outputs), p.ScratchLen()))
	}
	f := programFrame{Program: p, outputs: outputs, inputs: inputs, scratch: scratch}
	f.direct = p.directOutputs(outputs, inputs)
	for f.lo = lo; f.lo < hi; f.lo += p.block {
		f.n = min(p.block, hi-f.lo)
		for v := range p.nodes {
			f.compute(Value(v), f.lo == lo)
		}
		for k, v := range p.outputs {
			if f.direct>>k&1 == 0 {
				copy(outputs[k][f.lo:][:f.n], f.at(v))
			}
		}
	}
}

// directOutputs tells by bits which outputs may be written as soon as they are computed: not so where an input that is
// still to be read shares their memory.
func (p *Program) directOutputs(outputs, inputs [][]float32) uint64 {
	var direct uint64
	for k, v := range p.outputs {
		safe := p.writes[v] == k
		for _, in := range p.vectors {
			if unsafe.SliceData(inputs[in.input]) == unsafe.SliceData(outputs[k]) && in.lastRead > v {
				safe = false
			}
		}
		if safe {
			direct |= 1 << k
		}
	}
	return direct
}

// programFrame is a program at work on the n elements from lo.
type programFrame struct {
	*Program
	outputs, inputs [][]float32
	scratch         []float32
	direct          uint64
	lo, n           int
}

// at gives the memory of a value.
func (f *programFrame) at(v Value) []float32 {
	if k := f.writes[v]; k >= 0 && f.direct>>k&1 == 1 {
		return f.outputs[k][f.lo:][:f.n]
	}
	if slot := f.slots[v]; slot >= 0 {
		return f.scratch[slot*f.block:][:f.n]
	}
	return f.inputs[f.nodes[v].input][f.lo:][:f.n]
}

// number gives a value that is a single number.
func (f *programFrame) number(v Value) float32 {
	if n := &f.nodes[v]; n.kind == scalarNode {
		return f.inputs[n.input][0]
	}
	return f.nodes[v].constant
}

// conditionAt gives the memory of a comparison, in its first bytes.
func (f *programFrame) conditionAt(v Value) []bool {
	return unsafe.Slice((*bool)(unsafe.Pointer(unsafe.SliceData(f.at(v)))), f.n)
}

func (f *programFrame) compute(v Value, first bool) {
	n := &f.nodes[v]
	kernels := &active.vector
	switch n.kind {
	case scalarNode, constantNode, rowNode, columnNode:
		f.spread(v, n, first)
	case copyNode:
		copy(f.at(v), f.at(n.args[0]))
	case unaryNode:
		kernels.unary[n.op](f.at(v), f.at(n.args[0]))
	case binaryNode:
		x, y := n.args[0], n.args[1]
		switch {
		case f.slots[x] < 0 && f.nodes[x].kind.isNumber():
			kernels.scalarBinary[n.op](f.at(v), f.at(y), f.number(x))
		case f.slots[y] < 0 && f.nodes[y].kind.isNumber():
			kernels.binaryScalar[n.op](f.at(v), f.at(x), f.number(y))
		default:
			kernels.binary[n.op](f.at(v), f.at(x), f.at(y), 1, f.n, 0, 0)
		}
	case compareNode:
		kernels.compare[n.op](f.conditionAt(v), f.at(n.args[0]), f.at(n.args[1]))
	case selectNode:
		kernels.choose(f.at(v), f.conditionAt(n.args[0]), f.at(n.args[1]), f.at(n.args[2]))
	case reluGradNode:
		kernels.reluGrad(f.at(v), f.at(n.args[0]), f.at(n.args[1]))
	}
}

// spread fills the slot of an input or constant that is not a vector, in the first block or when it changes.
func (f *programFrame) spread(v Value, n *node, first bool) {
	switch {
	case n.kind == columnNode:
		f.spreadColumn(f.at(v), f.inputs[n.input], n.period)
	case n.kind == rowNode && (first || f.block%n.period != 0):
		row := f.inputs[n.input][:n.period]
		d := f.at(v)
		done := copy(d, row[f.lo%n.period:])
		for done < len(d) {
			done += copy(d[done:], row)
		}
	case n.kind.isNumber() && first && f.slots[v] >= 0:
		Fill(f.at(v), f.number(v))
	}
}

func (f *programFrame) spreadColumn(d, column []float32, period int) {
	for i := 0; i < len(d); {
		r := (f.lo + i) / period
		n := min(len(d)-i, (r+1)*period-f.lo-i)
		Fill(d[i:i+n], column[r])
		i += n
	}
}
