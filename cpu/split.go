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

// partBytes is about how much of its inputs and outputs the largest operation of a part should have: little enough for the caches that
// cores share, and enough images for each reading of the weights.
const partBytes = 8 << 20

// mapsOfWeights is how many times as large as the weights of matrix products, which every part reads again, its feature maps should be
// at least.
const mapsOfWeights = 4

// splitter issues a function's nodes on another one, with a smaller first axis where that is the images'.
type splitter struct {
	images, part int
	rank         int // the least of parameters that are images, and not weights of as many rows
	to           *Function
	issued       map[*value]compute.Value
	batched      map[*value]bool // whose first axis is the images, or as many of something of each
}

// errApart says that a function cannot be split.
var errApart = errors.New("not every node treats images apart")

// split gives a function that computes what f does, for the images of one of several parts of the batch, and which of its parameters
// are images; nil if f treats images together, has no convolution, or is not worth it.
func (f *Function) split(b *Backend) (part *Function, parts int, images []bool) {
	n, rank, ok := f.images()
	if !ok {
		return nil, 0, nil
	}
	size := f.partOf(n, rank)
	if size == n {
		return nil, 0, nil
	}
	for _, rank := range []int{1, rank} {
		s := &splitter{images: n, part: size, rank: rank, issued: map[*value]compute.Value{}, batched: map[*value]bool{}}
		if s.all(f, b) != nil {
			continue
		}
		for _, v := range f.parameters {
			images = append(images, s.batched[v])
		}
		return s.to, n / size, images
	}
	return nil, 0, nil
}

// all issues the whole function.
func (s *splitter) all(f *Function, b *Backend) error {
	s.to = newBuilder(b, f.builder.name).main
	alive := live(f)
	for _, n := range f.nodes {
		if !alive[n] {
			continue
		}
		if err := s.issue(n); err != nil {
			return err
		}
	}
	var results []compute.Value
	for _, v := range f.results {
		if !s.batched[v] {
			return errApart
		}
		results = append(results, s.issued[v])
	}
	return s.to.Return(results, nil)
}

// images is the length of the first axis of all results, if they have one, and how many axes images have that are convolved.
func (f *Function) images() (n, rank int, ok bool) {
	at := slices.IndexFunc(f.nodes, func(n *node) bool { return n.op == compute.OpTypeConvGeneral })
	if at < 0 || len(f.results) == 0 || f.results[0].shape.Rank() == 0 {
		return 0, 0, false
	}
	n, rank = f.results[0].shape.Dimensions[0], f.nodes[at].inputs[0].shape.Rank()
	for _, v := range f.results {
		if v.shape.Rank() == 0 || v.shape.Dimensions[0] != n {
			return 0, 0, false
		}
	}
	return n, rank, n > 1 && slices.ContainsFunc(f.parameters, func(v *value) bool { return v.shape.Rank() > 0 && v.shape.Dimensions[0] == n })
}

// partOf is the number of images of a part, a divisor of all. Images that are convolved have so many axes.
func (f *Function) partOf(images, rank int) int {
	largest, maps, weights := 0, 0, 0
	for _, n := range f.nodes {
		own := 0
		for _, v := range slices.Concat(n.inputs, n.outputs) {
			switch {
			case v.shape.Rank() > 0 && v.shape.Dimensions[0] == images, v.shape.Rank() >= rank && v.shape.Dimensions[0]%images == 0:
				own += byteSize(v.shape)
			case n.op == compute.OpTypeDotGeneral:
				weights += byteSize(v.shape)
			}
		}
		largest = max(largest, own)
		if n.op == compute.OpTypeConvGeneral {
			maps += own
		}
	}
	part := max(1, partBytes*images/max(1, largest), mapsOfWeights*weights*images/max(1, maps))
	for part = min(part, images); images%part != 0; part-- {
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
		shape := n.outputs[0].shape
		if batched = shape.Rank() >= s.rank && shape.Dimensions[0] == s.images; batched {
			shape = s.smaller(shape)
		}
		outputs, err = one(s.to.Parameter(n.attrs.(parameter).name, shape, nil))
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
		if batched && (!s.divides(v.shape) || !outputs[i].(*value).shape.Equal(s.smaller(v.shape))) {
			return errApart
		}
	}
	return nil
}

// divides says whether a first axis may be the images, or as many of something of each.
func (s *splitter) divides(shape shapes.Shape) bool {
	return shape.Rank() > 0 && shape.Dimensions[0]%s.images == 0
}

// smaller is a shape for the images of a part.
func (s *splitter) smaller(shape shapes.Shape) shapes.Shape {
	shape = shape.Clone()
	shape.Dimensions[0] = shape.Dimensions[0] / s.images * s.part
	return shape
}

// issueBatched issues a node that reads images.
func (s *splitter) issueBatched(n *node, inputs []compute.Value) ([]compute.Value, error) {
	if !s.divides(n.outputs[0].shape) {
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

// inParts makes a program of several parts of a batch, each of which p computes. images are the parameters that have parts.
func inParts(p *program, parts int, images []bool) *program {
	whole := &program{part: p, images: images}
	place := func(kind blockKind, bytes int) ref {
		whole.blocks = append(whole.blocks, block{kind: kind, bytes: bytes, same: -1})
		return ref(len(whole.blocks) - 1)
	}
	for i, r := range p.parameters {
		bytes := p.blocks[r].bytes
		if images[i] {
			bytes *= parts
		}
		whole.parameters = append(whole.parameters, place(parameterBlock, bytes))
	}
	for i, r := range p.outputs {
		whole.outputs = append(whole.outputs, place(outputBlock, parts*p.blocks[r].bytes))
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
	piece := func(whole, own ref) []byte {
		n := part.program.blocks[own].bytes
		return fr.mem[whole][i*n : (i+1)*n]
	}
	for j, own := range part.program.parameters {
		if whole := fr.program.parameters[j]; fr.program.images[j] {
			part.mem[own] = piece(whole, own)
		} else {
			part.mem[own] = fr.mem[whole]
		}
	}
	for j, own := range part.program.outputs {
		part.mem[own] = piece(fr.program.outputs[j], own)
	}
	defer part.release()
	if err := part.run(nil); err != nil {
		return err
	}
	part.remember(fr.inputs)
	return nil
}
