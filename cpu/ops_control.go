package cpu

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
)

// Loops and branches: their closures are programs of their own, which take the values they capture as further parameters.

func init() {
	declare(lowerWhile, together, compute.OpTypeWhile)
	declare(lowerIf, together, compute.OpTypeIf)
}

// controlAttrs are the closures of a control-flow node, and what each captures, in the order of the node's inputs that
// follow its operands.
type controlAttrs struct {
	operands int
	closures []*Function
	captured [][]*value
}

// standalone is a closure as the main function of a builder of its own, with what it captures as its last parameters.
func (f *Function) standalone(b *Backend, captured []*value) (*Function, error) {
	main := newBuilder(b, f.name).main
	bindings := map[*value]compute.Value{}
	for i, v := range slices.Concat(f.parameters, captured) {
		p, err := main.Parameter(fmt.Sprint("p", i), v.shape, nil)
		if err != nil {
			return nil, err
		}
		bindings[v] = p
	}
	results, err := f.issue(main, bindings)
	if err != nil {
		return nil, err
	}
	return main, main.Return(results, nil)
}

// call is a program that a task runs.
type call struct {
	program  int   // among those of the program that calls it
	captures []ref // its last parameters
}

// calls compiles the closures of a control-flow node; ok is false if one cannot be.
func (c *compiler) calls(n *node) (list []call, ok bool) {
	a := n.attrs.(controlAttrs)
	rest := n.inputs[a.operands:]
	for i, closure := range a.closures {
		f, err := closure.standalone(c.backend, a.captured[i])
		if err != nil {
			return nil, false
		}
		p, err := compile(c.backend, f)
		if err != nil {
			return nil, false
		}
		k := call{program: len(c.program.called)}
		c.program.called = append(c.program.called, p)
		for _, v := range rest[:len(a.captured[i])] {
			k.captures = append(k.captures, c.in(v))
		}
		rest = rest[len(a.captured[i]):]
		list = append(list, k)
	}
	return list, true
}

// run executes a called program on some memory.
func (k *call) run(fr *frame, inputs, outputs [][]byte) error {
	called := fr.called[k.program]
	parameters := called.program.parameters
	for i, mem := range inputs {
		called.mem[parameters[i]] = mem
	}
	for i, r := range k.captures {
		called.mem[parameters[len(inputs)+i]] = fr.mem[r]
	}
	for i, r := range called.program.outputs {
		called.mem[r] = outputs[i]
	}
	defer called.release()
	return called.run(nil)
}

func lowerIf(c *compiler, n *node) bool {
	branches, ok := c.calls(n)
	if !ok {
		return false
	}
	condition, results := c.in(n.inputs[0]), c.outs(n)
	c.serial(func(fr *frame) {
		branch := &branches[1]
		if as[bool](fr.mem[condition])[0] {
			branch = &branches[0]
		}
		if err := branch.run(fr, nil, fr.memory(results)); err != nil {
			fr.fail(err)
		}
	})
	return true
}

// lowerWhile runs the body from one set of blocks of the state to another, in turn.
func lowerWhile(c *compiler, n *node) bool {
	calls, ok := c.calls(n)
	if !ok {
		return false
	}
	condition, body := &calls[0], &calls[1]
	var initial []ref
	var sets [2][]ref
	for _, v := range n.inputs[:len(n.outputs)] {
		initial = append(initial, c.in(v))
		for i := range sets {
			sets[i] = append(sets[i], c.scratchBytes(byteSize(v.shape)))
		}
	}
	results, goesOn := c.outs(n), c.scratchBytes(1)
	c.serial(func(fr *frame) {
		state := fr.memory(initial)
		for i := 0; ; i++ {
			if err := condition.run(fr, state, [][]byte{fr.mem[goesOn]}); err != nil {
				fr.fail(err)
				return
			}
			if !as[bool](fr.mem[goesOn])[0] {
				break
			}
			next := fr.memory(sets[i%2])
			if err := body.run(fr, state, next); err != nil {
				fr.fail(err)
				return
			}
			state = next
		}
		for i, r := range results {
			copy(fr.mem[r], state[i])
		}
	})
	return true
}

// outs is the blocks of all results of a node.
func (c *compiler) outs(n *node) []ref {
	var list []ref
	for _, v := range n.outputs {
		list = append(list, c.out(v))
	}
	return list
}

// memory is the blocks of a list.
func (fr *frame) memory(list []ref) [][]byte {
	mem := make([][]byte, len(list))
	for i, r := range list {
		mem[i] = fr.mem[r]
	}
	return mem
}
