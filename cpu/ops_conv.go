package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/siam-go/siam/internal/kernel"
	"github.com/siam-go/siam/internal/memory"
)

func init() { declare(lowerConv, replayedIf(convApart), compute.OpTypeConvGeneral) }

func convApart(s *splitter, n *node) bool {
	a := n.attrs.(convAttrs)
	return a.axes.InputBatch == 0 && a.axes.OutputBatch == 0 && a.batchGroups == 1 && !s.batched[n.inputs[1]]
}

// lowerConv runs convolutions over one or two spatial axes. GoMLX writes all three convolutions of a layer as
// ConvGeneral: forward, the gradient to the input with a reversed kernel, and the gradient to the weights with the
// batch and channel axes exchanged, which is a different loop.
func lowerConv(c *compiler, n *node) bool {
	x, w, y := n.inputs[0], n.inputs[1], n.outputs[0]
	a := n.attrs.(convAttrs)
	if !a.ours(x, w, y) {
		return false
	}
	if isWeightGradient(a, x.shape, w.shape) {
		lowerWeightGradient(c, a, x, w, y)
	} else {
		lowerForward(c, a, a.weightStrides(w.shape), noEpilogue, x, w, y)
	}
	return true
}

// ours reports whether our kernels run a convolution.
func (a convAttrs) ours(x, w, y *value) bool {
	spatial := len(a.axes.InputSpatial)
	return isFloat32(x, w) && spatial >= 1 && spatial <= 2 && a.batchGroups == 1 &&
		x.shape.Size() > 0 && w.shape.Size() > 0 && y.shape.Size() > 0
}

// isWeightGradient reports whether the operands lie in memory as the images and the gradients of the feature maps do
// when batch and channels are exchanged: [channels, …, batch] and [input channels, …, output channels].
func isWeightGradient(a convAttrs, x, w shapes.Shape) bool {
	return a.channelGroups == 1 && a.axes.InputBatch > a.axes.InputChannels &&
		sameLayout(x, axesOrder(a.axes.InputChannels, a.axes.InputSpatial, a.axes.InputBatch)) &&
		sameLayout(w, axesOrder(a.axes.KernelInputChannels, a.axes.KernelSpatial, a.axes.KernelOutputChannels))
}

func axesOrder(first int, middle []int, last int) []int {
	return slices.Concat([]int{first}, middle, []int{last})
}

// pair gives the two spatial entries of a list; a single one is the width of images of height 1.
func pair(list []int) (h, w int) {
	if len(list) == 1 {
		return 1, list[0]
	}
	return list[0], list[1]
}

// dims2 gives two spatial dimensions of a shape.
func dims2(shape shapes.Shape, axes []int) (h, w int) {
	if len(axes) == 1 {
		return 1, shape.Dimensions[axes[0]]
	}
	return shape.Dimensions[axes[0]], shape.Dimensions[axes[1]]
}

// strides2 gives the strides of two spatial axes.
func strides2(strides []int, axes []int) (h, w int) {
	if len(axes) == 1 {
		return 0, strides[axes[0]]
	}
	return strides[axes[0]], strides[axes[1]]
}

func (a convAttrs) padding() (top, left int) {
	if len(a.paddings) == 1 {
		return 0, a.paddings[0][0]
	}
	return a.paddings[0][0], a.paddings[1][0]
}

// convShape describes a forward convolution, or a gradient to the input, to the kernels.
func (a convAttrs) convShape(x, w, y shapes.Shape) kernel.ConvShape {
	s := kernel.ConvShape{
		N: x.Dimensions[a.axes.InputBatch], C: x.Dimensions[a.axes.InputChannels],
		F: w.Dimensions[a.axes.KernelOutputChannels], Groups: a.channelGroups,
	}
	s.H, s.W = dims2(x, a.axes.InputSpatial)
	s.KH, s.KW = dims2(w, a.axes.KernelSpatial)
	s.OH, s.OW = dims2(y, a.axes.OutputSpatial)
	s.StrideH, s.StrideW = pair(a.strides)
	s.DilH, s.DilW = pair(a.kernelDilations)
	s.InDilH, s.InDilW = pair(a.inputDilations)
	s.PadT, s.PadL = a.padding()
	return s
}

// weightStrides says where the weights of a forward convolution lie.
func (a convAttrs) weightStrides(w shapes.Shape) kernel.WeightStrides {
	strides := w.Strides()
	at := kernel.WeightStrides{C: strides[a.axes.KernelInputChannels], F: strides[a.axes.KernelOutputChannels]}
	at.KH, at.KW = strides2(strides, a.axes.KernelSpatial)
	return at
}

// channelsLast brings a value into the order first, spatial axes, last.
func (c *compiler) channelsLast(v *value, order []int) ref {
	from := c.in(v)
	if sameLayout(v.shape, order) {
		return from
	}
	to := c.scratchBytes(byteSize(v.shape))
	transpose(c, to, from, v.shape, order)
	return to
}

// channelsLastResult is the block a convolution writes, and what brings it into the axes' order afterwards.
func (c *compiler) channelsLastResult(y *value, order []int) (to ref, finish func()) {
	result := c.out(y)
	if sameLayout(y.shape, order) {
		return result, func() {}
	}
	to = c.scratchBytes(byteSize(y.shape))
	return to, func() {
		s := stridedCopy{size: y.shape.DType.Size(), toStrides: make([]int, len(order))}
		for i, axis := range order {
			s.dims = append(s.dims, y.shape.Dimensions[axis])
			s.toStrides[i] = y.shape.Strides()[axis]
		}
		s.fromStrides = contiguous(s.dims)
		s.emit(c, result, to)
	}
}

func lowerForward(c *compiler, a convAttrs, at kernel.WeightStrides, e epilogueBlocks, x, w, y *value) {
	s := a.convShape(x.shape, w.shape, y.shape)
	src := c.channelsLast(x, axesOrder(a.axes.InputBatch, a.axes.InputSpatial, a.axes.InputChannels))
	weights := c.in(w)
	dst, finish := c.channelsLastResult(y, axesOrder(a.axes.OutputBatch, a.axes.OutputSpatial, a.axes.OutputChannels))
	s.Precision, s.Way = c.backend.precision.kernel(), c.backend.options.Convolutions.kernel()
	plan := kernel.NewConv
	if c.lasts(w) {
		plan = kernel.NewKeptConv
	}
	if s.SuitsSquares() {
		c.squareConv(s, at, e, dst, src, weights)
	} else {
		c.conv(plan(s), convWork(s), at, e, dst, src, weights)
	}
	finish()
}

// lasts tells whether a value is likely to be the same in many executions: it is constant, or a parameter that no result is a new
// value of, as there are in training.
func (c *compiler) lasts(v *value) bool {
	from := c.where[v]
	return c.program.blocks[from].kind == constantBlock || slices.Contains(c.program.parameters, from) &&
		!slices.ContainsFunc(c.results, func(r *value) bool { return r.shape.Equal(v.shape) })
}

// convWork is the cost of a convolution. Channel by channel it moves as many elements as it multiplies, or nearly so.
func convWork(s kernel.ConvShape) int {
	products := s.N * s.OH * s.OW * s.F * s.KH * s.KW * s.C / max(1, s.Groups)
	if s.Groups == s.C && s.C > 1 {
		return products / 4
	}
	return 2 * products / productOps
}

// convPlan is a plan of the kernels for a convolution, alone or with a max pool.
type convPlan interface {
	Packing() kernel.Packing
	PackSize() int
	PackUnits() int
	Pack(dst, w []float32, s kernel.WeightStrides, lo, hi int)
	Units() int
	Run(dst, src, packed []float32, ep *kernel.Epilogue, lo, hi int, w *kernel.Workspace)
}

// conv emits a convolution of channels-last images: the weights are packed, at once if they are constant and when they
// change if they are a parameter, then the units run.
func (c *compiler) conv(k convPlan, work int, at kernel.WeightStrides, e epilogueBlocks, dst, src, weights ref) {
	packed, known := c.packConstant(weights, k.PackSize(), func(to, from []float32) { k.Pack(to, from, at, 0, k.PackUnits()) })
	if !known {
		packed = c.scratch(k.PackSize())
		c.emit(k.PackUnits(), k.PackSize(), func(fr *frame, _, lo, hi int) {
			k.Pack(fr.f32(packed), fr.f32(weights), at, lo, hi)
		})
		c.keep(packed, weights, packing{k.Packing(), at})
	}
	stream := c.exceedsCaches(dst)
	c.emit(k.Units(), work, func(fr *frame, thread, lo, hi int) {
		ep := &fr.epilogues[thread]
		*ep = e.bind(fr)
		ep.Stream = stream
		k.Run(fr.f32(dst), fr.f32(src), fr.f32(packed), ep, lo, hi, &fr.workspaces[thread])
	})
}

// packing tells how a convolution packs weights that lie in some order.
type packing struct {
	plan kernel.Packing
	at   kernel.WeightStrides
}

// keep makes the last task's result kept if it depends on a parameter: by the parameter's buffer, for all that pack it alike, or by
// the frame, if as is nil.
func (c *compiler) keep(result, from ref, as any) {
	if i := slices.Index(c.program.parameters, from); i >= 0 {
		c.program.blocks[result].kind = keptBlock
		c.program.kept = append(c.program.kept, kept{result, i, as})
		c.program.tasks[len(c.program.tasks)-1].kept = len(c.program.kept)
	}
}

// packConstant packs n floats from a block if it is constant, and says whether it is.
func (c *compiler) packConstant(from ref, n int, pack func(to, from []float32)) (packed ref, known bool) {
	if c.program.blocks[from].kind != constantBlock {
		return -1, false
	}
	mem := memory.Allocate(4 * n)
	pack(as[float32](mem), as[float32](c.program.blocks[from].mem))
	mem = c.backend.constants.share(mem, func() []byte { return mem })
	c.program.blocks = append(c.program.blocks, block{kind: constantBlock, bytes: 4 * n, mem: mem, first: c.step, last: c.step, same: -1})
	return ref(len(c.program.blocks) - 1), true
}

// lowerWeightGradient runs a convolution whose batch is the images' channels: its kernel is the gradient dy of the
// feature maps, its output the gradient of the weights.
func lowerWeightGradient(c *compiler, a convAttrs, x, dy, dw *value) {
	s := kernel.ConvShape{
		N: x.shape.Dimensions[a.axes.InputChannels], C: x.shape.Dimensions[a.axes.InputBatch],
		F: dy.shape.Dimensions[a.axes.KernelOutputChannels],
	}
	s.H, s.W = dims2(x.shape, a.axes.InputSpatial)
	s.OH, s.OW = dims2(dy.shape, a.axes.KernelSpatial)
	s.KH, s.KW = dims2(dw.shape, a.axes.OutputSpatial)
	s.StrideH, s.StrideW = pair(a.kernelDilations)
	s.DilH, s.DilW = pair(a.strides)
	s.InDilH, s.InDilW = pair(a.inputDilations)
	s.PadT, s.PadL = a.padding()
	strides := dw.shape.Strides()
	at := kernel.WeightStrides{C: strides[a.axes.OutputBatch], F: strides[a.axes.OutputChannels]}
	at.KH, at.KW = strides2(strides, a.axes.OutputSpatial)

	s.Precision, s.Way = c.backend.precision.kernel(), c.backend.options.Convolutions.kernel()
	src, grad, dst := c.in(x), c.in(dy), c.out(dw)
	if s.WeightGradSuitsSquares() {
		c.squareWeightGrad(s, at, dst, src, grad)
		return
	}
	k := kernel.NewConvWeightGrad(s)
	partials := c.scratch(k.ScratchSize())
	c.emit(k.Units(), convWork(s), func(fr *frame, thread, lo, hi int) {
		k.Run(fr.f32(partials), fr.f32(src), fr.f32(grad), lo, hi, &fr.workspaces[thread])
	})
	c.emit(k.ReduceUnits(), k.ScratchSize(), func(fr *frame, _, lo, hi int) {
		k.Reduce(fr.f32(dst), fr.f32(partials), at, lo, hi)
	})
}
