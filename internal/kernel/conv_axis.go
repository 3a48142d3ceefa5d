package kernel

// axis is one spatial axis of a convolution: output o meets input (o·stride + k·dilation − pad)/inDilation with tap k.
type axis struct {
	in, out, taps                        int
	stride, pad, dilation, inputDilation int
}

func (s ConvShape) axisH() axis {
	return axis{s.H, s.OH, s.KH, s.StrideH, s.PadT, s.DilH, s.InDilH}
}

func (s ConvShape) axisW() axis {
	return axis{s.W, s.OW, s.KW, s.StrideW, s.PadL, s.DilW, s.InDilW}
}

// input is the input under tap k of output o; it is false in the padding and in the holes of a dilated input.
func (a axis) input(o, k int) (i int, ok bool) {
	at := o*a.stride + k*a.dilation - a.pad
	return at / a.inputDilation, at >= 0 && at%a.inputDilation == 0 && at/a.inputDilation < a.in
}

// tapClass is the set of taps that meet the input at some outputs: first, first+step, … Outputs of one class differ only
// in where their input begins, so one tile can compute them together, without a product wasted on zeros.
type tapClass struct{ first, step, count int }

// class is the class of output o and the input under its first tap.
func (a axis) class(o int) (class tapClass, input int) {
	for k := range a.taps {
		i, ok := a.input(o, k)
		switch {
		case !ok:
			continue
		case class.count == 0:
			class.first, input = k, i
		case class.count == 1:
			class.step = k - class.first
		}
		class.count++
	}
	return class, input
}

// inputStep is the distance of the inputs under two neighbouring taps of a class.
func (a axis) inputStep(c tapClass) int { return c.step * a.dilation / a.inputDilation }

// place is an output of an axis and the input under its first tap.
type place struct{ out, input int }

// classes sorts the outputs lo to hi-1 by class, in the order in which the classes first appear.
func (a axis) classes(lo, hi int) (order []tapClass, members map[tapClass][]place) {
	members = map[tapClass][]place{}
	for o := lo; o < hi; o++ {
		class, input := a.class(o)
		if members[class] == nil {
			order = append(order, class)
		}
		members[class] = append(members[class], place{o, input})
	}
	return order, members
}

// outputs is the range of the outputs lo to hi-1 whose tap k meets the input, when the input is not dilated.
func (a axis) outputs(k, lo, hi int) (first, last int) {
	first = lo
	for ; first < hi; first++ {
		if _, ok := a.input(first, k); ok {
			break
		}
	}
	for last = first; last < hi; last++ {
		if _, ok := a.input(last, k); !ok {
			break
		}
	}
	return first, last
}
