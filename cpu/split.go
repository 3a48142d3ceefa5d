package cpu

import (
	"errors"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// An inference that treats the images of a batch apart runs part by part: what a few images leave behind in the caches is
// read from there, where a whole batch would go through memory layer by layer, and threads that work on parts of their own
// need not wait for each other. splitter issues a function again for fewer images.

// partBytes is about how much of its inputs and outputs the largest operation of a part should have.
const partBytes = 2 << 20

// splitter issues a function's nodes on another one, with a smaller first axis where that is the images'.
type splitter struct {
	images, part int
	to           *Function
	issued       map[*value]compute.Value
	batched      map[*value]bool // whose first axis is the images
}

// errApart says that a function cannot be split.
var errApart = errors.New("not every node treats images apart")

// split gives a function that computes what f does, for the images of one of several parts of the batch; nil if f treats
// images together, has no convolution, takes weights besides images, or is not worth it.
func (f *Function) split(b *Backend) (part *Function, parts int) {
	images, ok := f.images()
	if !ok {
		return nil, 0
	}
	s := &splitter{images: images, part: f.partOf(images), issued: map[*value]compute.Value{}, batched: map[*value]bool{}}
	if s.part == images {
		return nil, 0
	}
	s.to = newBuilder(b, f.builder.name).main
	alive := live(f)
	for _, n := range f.nodes {
		if !alive[n] {
			continue
		}
		if err := s.issue(n); err != nil {
			return nil, 0
		}
	}
	var results []compute.Value
	for _, v := range f.results {
		if !s.batched[v] {
			return nil, 0
		}
		results = append(results, s.issued[v])
	}
	if err := s.to.Return(results, nil); err != nil {
		return nil, 0
	}
	return s.to, images / s.part
}

// images is the length of the first axis of all parameters and results, if they have one, and there is a convolution.
func (f *Function) images() (n int, ok bool) {
	convolves := slices.ContainsFunc(f.nodes, func(n *node) bool { return n.op == compute.OpTypeConvGeneral })
	if !convolves || len(f.parameters) == 0 || f.parameters[0].shape.Rank() == 0 {
		return 0, false
	}
	n = f.parameters[0].shape.Dimensions[0]
	for _, v := range slices.Concat(f.parameters, f.results) {
		if v.shape.Rank() == 0 || v.shape.Dimensions[0] != n {
			return 0, false
		}
	}
	return n, n > 1
}

// partOf is the number of images of a part, a divisor of all.
func (f *Function) partOf(images int) int {
	largest := 0
	for _, n := range f.nodes {
		bytes := 0
		for _, v := range slices.Concat(n.inputs, n.outputs) {
			if v.shape.Rank() > 0 && v.shape.Dimensions[0] == images {
				bytes += byteSize(v.shape)
			}
		}
		largest = max(largest, bytes)
	}
	part := max(1, min(images, partBytes/max(1, largest/images)))
	for images%part != 0 {
		part--
	}
	return part
}

// issue issues one node again.
func (s *splitter) issue(n *node) error {
	inputs := make([]compute.Value, len(n.inputs))
	batched := false
	for i, v := range n.inputs {
		inputs[i] = s.issued[v]
		batched = batched || s.batched[v]
	}
	var outputs []compute.Value
	var err error
	switch {
	case n.op == compute.OpTypeParameter:
		outputs, err = one(s.to.Parameter(n.attrs.(parameter).name, s.smaller(n.outputs[0].shape), nil))
		batched = true
	case n.op == compute.OpTypeConstant:
		outputs, err = one(s.to.constant(n.attrs.(*constant), n.outputs[0].shape))
	case !batched:
		outputs, err = n.replay(s.to, inputs)
	default:
		outputs, err = s.issueBatched(n, inputs)
	}
	if err != nil {
		return err
	}
	for i, v := range n.outputs {
		s.issued[v], s.batched[v] = outputs[i], batched
		if batched && !outputs[i].(*value).shape.Equal(s.smaller(v.shape)) {
			return errApart
		}
	}
	return nil
}

// smaller is a shape for the images of a part.
func (s *splitter) smaller(shape shapes.Shape) shapes.Shape {
	shape = shape.Clone()
	shape.Dimensions[0] = s.part
	return shape
}

// issueBatched issues a node that reads images.
func (s *splitter) issueBatched(n *node, inputs []compute.Value) ([]compute.Value, error) {
	y := n.outputs[0].shape
	if y.Rank() == 0 || y.Dimensions[0] != s.images {
		return nil, errApart
	}
	return operations[n.op].apart(s, n, inputs)
}

// together is the apart of operations that do not treat images apart.
func together(*splitter, *node, []compute.Value) ([]compute.Value, error) { return nil, errApart }

// replayedIf is the apart of operations whose first operand is the images, and that are issued as they are if a condition
// holds.
func replayedIf(holds func(s *splitter, n *node) bool) apart {
	return func(s *splitter, n *node, inputs []compute.Value) ([]compute.Value, error) {
		if !s.batched[n.inputs[0]] || !holds(s, n) {
			return nil, errApart
		}
		return n.replay(s.to, inputs)
	}
}

// pointwise is the apart of operations that take their operands element by element, and broadcast them. Operands that are
// the same for all images may be broadcast to them.
func pointwise(s *splitter, n *node, inputs []compute.Value) ([]compute.Value, error) {
	for i, v := range n.inputs {
		if s.batched[v] || v.shape.Size() == 1 || v.shape.Rank() > 0 && v.shape.Dimensions[0] == 1 {
			continue
		}
		a, ok := v.node.attrs.(broadcastAttrs)
		if !ok || len(a.axes) > 0 && a.axes[0] == 0 && v.node.inputs[0].shape.Dimensions[0] != 1 {
			return nil, errApart
		}
		var err error
		if inputs[i], err = s.to.BroadcastInDim(s.issued[v.node.inputs[0]], s.smaller(a.shape), a.axes); err != nil {
			return nil, err
		}
	}
	return n.replay(s.to, inputs)
}

// inParts makes a program of several parts of a batch, each of which p computes.
func inParts(p *program, parts int) *program {
	whole := &program{part: p}
	place := func(kind blockKind, r ref) ref {
		whole.blocks = append(whole.blocks, block{kind: kind, bytes: parts * p.blocks[r].bytes, same: -1})
		return ref(len(whole.blocks) - 1)
	}
	for _, r := range p.parameters {
		whole.parameters = append(whole.parameters, place(parameterBlock, r))
	}
	for i, r := range p.outputs {
		whole.outputs = append(whole.outputs, place(outputBlock, r))
		shape := p.outputShapes[i].Clone()
		shape.Dimensions[0] *= parts
		whole.outputShapes, whole.hosts = append(whole.outputShapes, shape), append(whole.hosts, -1)
	}
	whole.tasks = []task{{name: "Part", units: parts, chunk: 1, wakes: true, run: func(fr *frame, thread, lo, hi int) {
		for i := lo; i < hi; i++ {
			if err := fr.runPart(thread, i); err != nil {
				fr.fail(err)
			}
		}
	}}}
	return whole
}

// runPart computes one part in the thread's own frame.
func (fr *frame) runPart(thread, i int) error {
	part := fr.parts[thread]
	bind := func(own, whole []ref) {
		for j, r := range own {
			n := part.program.blocks[r].bytes
			part.mem[r] = fr.mem[whole[j]][i*n : (i+1)*n]
		}
	}
	bind(part.program.parameters, fr.program.parameters)
	bind(part.program.outputs, fr.program.outputs)
	defer part.release()
	return part.run(nil)
}
