package onnx

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// maxRuns is how many pieces of a tensor are joined before it is quicker to look each row up.
const maxRuns = 16

// pick takes the places listed of an axis.
func (b *builder) pick(x value, axis int, places []int) value {
	runs := runsOf(places)
	if len(places) == 0 || len(runs) > maxRuns {
		return b.gathered(x, axis, value{known: intList(places)})
	}
	cuts := uncut(x.dims())
	var parts []value
	for _, run := range runs {
		cuts[axis] = run
		if run.step == 0 {
			cuts[axis] = cut{run.start, 1, 1}
			full := slices.Clone(x.dims())
			full[axis] = run.count
			parts = append(parts, b.expanded(b.cut(x, cuts), full))
		} else {
			parts = append(parts, b.cut(x, cuts))
		}
	}
	return b.joined(parts, axis)
}

// runsOf divides a list into pieces that step evenly; a step of 0 repeats one place.
func runsOf(places []int) []cut {
	var runs []cut
	for _, at := range places {
		if last := len(runs) - 1; last >= 0 {
			run := &runs[last]
			if run.count == 1 && at-run.start >= -1 && at-run.start <= 1 {
				run.step = at - run.start
			}
			if at == run.start+run.count*run.step {
				run.count++
				continue
			}
		}
		runs = append(runs, cut{at, 1, 1})
	}
	return runs
}

// gather takes the places that indices name along an axis; the axes of the indices take its place.
func gather(c *call) []value {
	x, indices := c.arg(0), c.arg(1)
	axis := c.axis(0, x.rank())
	if indices.known == nil {
		return []value{c.gathered(x, axis, indices)}
	}
	places := axesOf(toInts(indices.known.Int64s()), x.dims()[axis])
	shape := slices.Concat(x.dims()[:axis], indices.dims(), x.dims()[axis+1:])
	return []value{c.reshape(c.pick(x, axis, places), shape)}
}

// gathered looks places up. The axes of the indices come first in memory.
func (b *builder) gathered(x value, axis int, indices value) value {
	rank, more := x.rank(), indices.rank()
	front := append([]int{axis}, slices.Delete(identity(rank), axis, axis+1)...)
	table := b.ordered(b.inGraph(x).permuted(front))
	places := b.counted(b.ordered(indices), x.dims()[axis])
	y := Gather(table, InsertAxes(places, -1))
	var order []int // ONNX's axis i is axis order[i] of y
	for i := range rank - 1 + more {
		switch {
		case i < axis:
			order = append(order, more+i)
		case i < axis+more:
			order = append(order, i-axis)
		default:
			order = append(order, i)
		}
	}
	return value{node: y, axes: order}
}

// counted are indices as int64, those from the end of an axis counted from its beginning.
func (b *builder) counted(indices *Node, dim int) *Node {
	indices = ConvertDType(indices, dtypes.Int64)
	return Where(LessThan(indices, zero(indices)), AddScalar(indices, dim), indices)
}

// elementPlaces are the places, in a tensor of shape as a list, of the elements that indices name along an axis, where all other
// axes are those of the index itself.
func (c *call) elementPlaces(shape []int, axis int, indices value) *Node {
	own, steps := indices.dims(), strides(shape)
	if len(own) != len(shape) {
		fail("indices of shape %v into a tensor of shape %v", own, shape)
	}
	base := make([]int64, product(own))
	for at, step := range strides(own) {
		if at == axis {
			continue
		}
		for i := range base {
			base[i] += int64(i / step % own[at] * steps[at])
		}
	}
	places := MulScalar(c.counted(c.ordered(indices), shape[axis]), steps[axis])
	return Add(places, c.constant(intTensor(Int64, own, base)))
}

// gatherElements takes for every index the element that it names along an axis, at its own place along all others.
func gatherElements(c *call) []value {
	x, indices := c.arg(0), c.arg(1)
	places := c.elementPlaces(x.dims(), c.axis(0, x.rank()), indices)
	list := Reshape(c.ordered(c.operand(0)), product(x.dims()))
	return []value{plain(Gather(list, InsertAxes(places, -1)))}
}

// slicePlaces are the numbers of the slices that indices [b…, …, k] name by their first k axes after those of the batch, and the
// shape of a slice.
func (c *call) slicePlaces(shape []int, indices value, batch int) (places *Node, rest []int) {
	dims := indices.dims()
	if len(dims) == 0 || batch > len(dims)-1 || batch+dims[len(dims)-1] > len(shape) {
		fail("indices of shape %v into a tensor of shape %v", dims, shape)
	}
	named := batch + dims[len(dims)-1]
	own := dims[:len(dims)-1]
	steps := strides(shape[:named])
	base := make([]int64, product(own))
	for at, step := range strides(own)[:batch] {
		for i := range base {
			base[i] += int64(i / step % own[at] * steps[at])
		}
	}
	places = c.constant(intTensor(Int64, own, base))
	all := c.ordered(indices)
	for i := range named - batch {
		part := Slice(all, AxisRange().Spacer(), AxisElem(i))
		part = Reshape(part, own...)
		places = Add(places, MulScalar(c.counted(part, shape[batch+i]), steps[batch+i]))
	}
	return places, shape[named:]
}

// gatherND takes slices that indices name by several axes.
func gatherND(c *call) []value {
	x := c.operand(0)
	places, rest := c.slicePlaces(x.dims(), c.arg(1), c.integer("batch_dims", 0))
	table := Reshape(c.ordered(x), append([]int{-1}, rest...)...)
	return []value{plain(Gather(table, InsertAxes(places, -1)))}
}

// scatterElements puts updates at the places that indices name along an axis.
func scatterElements(c *call) []value {
	x := c.operand(0)
	places := c.elementPlaces(x.dims(), c.axis(0, x.rank()), c.arg(1))
	return []value{c.scattered(x, places, nil)}
}

// scatterND puts updates in place of slices that indices name by several axes.
func scatterND(c *call) []value {
	x := c.operand(0)
	places, rest := c.slicePlaces(x.dims(), c.arg(1), 0)
	return []value{c.scattered(x, places, rest)}
}

// scattered puts the third input at places of x, which is a list of slices of the shape rest.
func (c *call) scattered(x value, places *Node, rest []int) value {
	count := product(places.Shape().Dimensions)
	table := Reshape(c.ordered(x), append([]int{-1}, rest...)...)
	updates := Reshape(c.ordered(c.arg(2)), append([]int{count}, rest...)...)
	places = Reshape(places, count, 1)
	var y *Node
	switch how := c.text("reduction", "none"); how {
	case "none":
		y = ScatterUpdate(table, places, updates, false, true)
	case "add":
		y = ScatterSum(table, places, updates, false, false)
	case "max":
		y = ScatterMax(table, places, updates, false, false)
	case "min":
		y = ScatterMin(table, places, updates, false, false)
	default:
		fail("reduction %q is not supported", how)
	}
	return plain(Reshape(y, x.dims()...))
}

// reverseSequence turns the beginning of every sequence of a batch round, as far as its length says.
func reverseSequence(c *call) []value {
	x := c.operand(0)
	time, batch := c.integer("time_axis", 0), c.integer("batch_axis", 1)
	if x.rank() < 2 || time+batch != 1 {
		fail("time axis %d and batch axis %d of shape %v", time, batch, x.dims())
	}
	dims := x.dims()
	steps, sequences := dims[time], dims[batch]
	lengths := Reshape(ConvertDType(c.ordered(c.arg(1)), dtypes.Int64), 1, sequences)
	now := c.constant(intList(identity(steps)).reshaped([]int{steps, 1}))
	lengths, now = BroadcastToDims(lengths, steps, sequences), BroadcastToDims(now, steps, sequences)
	from := Where(LessThan(now, lengths), Sub(MinusOne(lengths), now), now)
	places := value{node: from, axes: []int{0, 1}}
	places = c.expanded(c.reshape(places.permuted([]int{time, batch}), append(slices.Clone(dims[:2]), ones(x.rank()-2)...)), dims)
	at := c.elementPlaces(dims, time, places)
	return []value{plain(Gather(Reshape(c.ordered(x), product(dims)), InsertAxes(at, -1)))}
}
