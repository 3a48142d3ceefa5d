package onnx

// window is how a convolution or pooling moves over an image; one entry for each spatial axis.
type window struct {
	size, strides, dilations []int
	pads                     [][2]int // before and after
}

// window reads the node's settings for images with such sides; size is that of the kernel, nil for pooling, which says it itself.
func (n *node) window(size, sides []int) window {
	if size == nil {
		if n.integers("kernel_shape") == nil {
			fail("kernel_shape is missing")
		}
		size = n.perAxis("kernel_shape", len(sides))
	}
	win := window{size: size, strides: n.perAxis("strides", len(sides)), dilations: n.perAxis("dilations", len(sides))}
	win.pads = n.pads(win, sides)
	if n.integer("ceil_mode", 0) != 0 {
		win.roundUp(sides)
	}
	for i, side := range sides {
		if win.outputs(i, side) < 1 {
			fail("a window of %v does not fit into %v pixels", win.size, sides)
		}
	}
	return win
}

func (n *node) pads(win window, sides []int) [][2]int {
	pads := make([][2]int, len(sides))
	switch auto := n.text("auto_pad", "NOTSET"); auto {
	case "VALID":
		return pads
	case "SAME_UPPER", "SAME_LOWER":
		for i, side := range sides {
			outputs := (side + win.strides[i] - 1) / win.strides[i]
			pads[i] = halved(max(0, (outputs-1)*win.strides[i]+win.extent(i)-side), auto)
		}
		return pads
	case "NOTSET", "":
	default:
		fail("auto_pad %q is not supported", auto)
	}
	list := n.integers("pads")
	if list == nil {
		return pads
	}
	if len(list) != 2*len(sides) {
		fail("pads %v, want %d numbers", list, 2*len(sides))
	}
	for i := range pads {
		pads[i] = [2]int{list[i], list[len(sides)+i]}
		if min(pads[i][0], pads[i][1]) < 0 || max(pads[i][0], pads[i][1]) > maxSide {
			fail("pads %v, want 0 to %d", list, maxSide)
		}
	}
	return pads
}

// halved shares padding between both ends; what cannot be halved goes to the end, or with SAME_LOWER to the beginning.
func halved(total int, auto string) [2]int {
	if auto == "SAME_LOWER" {
		return [2]int{total - total/2, total / 2}
	}
	return [2]int{total / 2, total - total/2}
}

// extent is how many pixels the window spans along axis i.
func (win window) extent(i int) int { return (win.size[i]-1)*win.dilations[i] + 1 }

// outputs is how many windows fit along axis i of so many pixels.
func (win window) outputs(i, side int) int {
	room := side + win.pads[i][0] + win.pads[i][1] - win.extent(i)
	if room < 0 {
		return 0
	}
	return room/win.strides[i] + 1
}

// roundUp pads the end so that a last window that is only partly there counts, unless it lies in the padding altogether.
func (win window) roundUp(sides []int) {
	for i, side := range sides {
		stride := win.strides[i]
		room := side + win.pads[i][0] + win.pads[i][1] - win.extent(i)
		extra := (stride - room%stride) % stride
		if room >= 0 && extra > 0 && room/stride*stride+stride < side+win.pads[i][0] {
			win.pads[i][1] += extra
		}
	}
}

// padded says whether anything is padded.
func (win window) padded() bool {
	for _, pad := range win.pads {
		if pad != [2]int{} {
			return true
		}
	}
	return false
}

// around is a list for all axes of [n, …, c] of one for the spatial axes, with a value for the others.
func around[T any](spatial []T, other T) []T {
	return append(append([]T{other}, spatial...), other)
}
