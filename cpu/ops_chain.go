package cpu

import (
	"github.com/siam-go/siam/internal/kernel"
)

func init() { lowerings[opChain] = lowerChain }

func lowerChain(c *compiler, n *node) bool {
	group := n.attrs.(*chain)
	program := group.program()
	inputs, outputs := make([]ref, len(n.inputs)), make([]ref, len(n.outputs))
	for i, v := range n.inputs {
		inputs[i] = c.in(v)
	}
	for i, v := range n.outputs {
		outputs[i] = c.out(v)
		for j, from := range inputs {
			if group.inputs[j].kind == asResult {
				c.replace(outputs[i], from)
			}
		}
	}
	scratch := c.threadScratch(program.ScratchLen())
	c.needLists(len(inputs) + len(outputs))
	size := group.links[0].size
	c.elements(size, len(group.links), func(fr *frame, thread, lo, hi int) {
		to, from := fr.lists[thread][:len(outputs)], fr.lists[thread][len(outputs):][:len(inputs)]
		for i, r := range outputs {
			to[i] = fr.f32(r)
		}
		for i, r := range inputs {
			from[i] = fr.f32(r)
		}
		program.Run(to, from, lo, hi, scratch(fr, thread))
	})
	return true
}

// program writes the chain as one of the kernels' programs.
func (group *chain) program() *kernel.Program {
	var b kernel.ProgramBuilder
	values := map[use]kernel.Value{}
	for _, u := range group.inputs {
		switch u.kind {
		case asResult:
			values[u] = b.Vector()
		case asScalar:
			values[u] = b.Scalar()
		case asRow:
			values[u] = b.Row(u.columns)
		case asColumn:
			values[u] = b.Column(u.columns)
		}
	}
	for _, l := range group.links {
		args := make([]kernel.Value, len(l.uses))
		for i, u := range l.uses {
			args[i] = values[u]
		}
		values[use{source: l.node.outputs[0], kind: asResult}] = l.record(&b, args)
	}
	for _, v := range group.results {
		b.Output(values[use{source: v, kind: asResult}])
	}
	return b.Program()
}

// record adds a link's operation to a program.
func (l *link) record(b *kernel.ProgramBuilder, args []kernel.Value) kernel.Value {
	op := l.node.op
	if op == opReluGrad {
		return b.ReluGrad(args[0], args[1])
	}
	if unary, ok := unaryOps[op]; ok {
		return b.Unary(unary, args[0])
	}
	return b.Binary(binaryOps[op], args[0], args[1])
}
