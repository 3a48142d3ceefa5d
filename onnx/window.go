package onnx

import (
	"errors"
	"fmt"
)

// window is how a convolution or pooling moves over an image; two entries each, height and width.
type window struct {
	size, strides, dilations []int
	pads                     [][2]int // before and after
}

// window reads the node's settings for images of h×w pixels; size is that of the kernel, nil for pooling, which says it itself.
func (n *node) window(size []int, h, w int) (win window, err error) {
	if size == nil {
		if n.integers("kernel_shape") == nil {
			return win, errors.New("kernel_shape is missing")
		}
		if size, err = n.pair("kernel_shape"); err != nil {
			return win, err
		}
	}
	win.size = size
	if win.strides, err = n.pair("strides"); err != nil {
		return win, err
	}
	if win.dilations, err = n.pair("dilations"); err != nil {
		return win, err
	}
	if win.pads, err = n.pads(win, h, w); err != nil {
		return win, err
	}
	if n.integer("ceil_mode", 0) != 0 {
		win.roundUp(h, w)
	}
	for i, side := range []int{h, w} {
		if win.outputs(i, side) < 1 {
			return win, fmt.Errorf("a window of %v does not fit into %d×%d pixels", win.size, h, w)
		}
	}
	return win, nil
}

func (n *node) pads(win window, h, w int) ([][2]int, error) {
	switch auto := n.text("auto_pad", "NOTSET"); auto {
	case "VALID":
		return make([][2]int, 2), nil
	case "SAME_UPPER", "SAME_LOWER":
		pads := make([][2]int, 2)
		for i, side := range []int{h, w} {
			outputs := (side + win.strides[i] - 1) / win.strides[i]
			total := max(0, (outputs-1)*win.strides[i]+win.extent(i)-side)
			pads[i] = [2]int{total / 2, total - total/2}
			if auto == "SAME_LOWER" {
				pads[i] = [2]int{total - total/2, total / 2}
			}
		}
		return pads, nil
	case "NOTSET", "":
	default:
		return nil, fmt.Errorf("auto_pad %q is not supported", auto)
	}
	list := n.integers("pads")
	if list == nil {
		return make([][2]int, 2), nil
	}
	if len(list) != 4 {
		return nil, fmt.Errorf("pads %v, want four numbers: only images are supported", list)
	}
	for _, pad := range list {
		if pad < 0 || pad > maxSide {
			return nil, fmt.Errorf("pads %v, want 0 to %d", list, maxSide)
		}
	}
	return [][2]int{{list[0], list[2]}, {list[1], list[3]}}, nil
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
func (win window) roundUp(h, w int) {
	for i, side := range []int{h, w} {
		stride := win.strides[i]
		room := side + win.pads[i][0] + win.pads[i][1] - win.extent(i)
		extra := (stride - room%stride) % stride
		if room >= 0 && extra > 0 && room/stride*stride+stride < side+win.pads[i][0] {
			win.pads[i][1] += extra
		}
	}
}

// padded says whether anything is padded.
func (win window) padded() bool { return win.pads[0] != [2]int{} || win.pads[1] != [2]int{} }
