package onnx

import (
	"fmt"
	"math"
	"strings"

	"github.com/siam-go/siam/imgproc"
)

// preprocess completes p with the size of the images that the network declares, after it made sure that images are what it reads.
func (m *Model) preprocess(p imgproc.Preprocess) (imgproc.Preprocess, error) {
	if err := m.checkImages(); err != nil {
		return p, err
	}
	sides := [3]int{unknownDim, unknownDim, unknownDim} // height, width, channels
	if shape := m.inputs[0].Shape; m.imagesChannelsLast() {
		sides = [3]int(shape[1:])
	} else if shape != nil {
		sides = [3]int{shape[2], shape[3], shape[1]}
	}
	for i, side := range []struct {
		name  string
		given *int
	}{{"height", &p.Height}, {"width", &p.Width}, {"channels", &p.Channels}} {
		switch {
		case *side.given == 0 && sides[i] == unknownDim:
			return p, fmt.Errorf("the network leaves the %s of its images open: choose one in the %w", side.name, ErrPreprocessing)
		case *side.given == 0:
			*side.given = sides[i]
		case sides[i] != unknownDim && *side.given != sides[i]:
			return p, fmt.Errorf("the network reads images of %s %d, the preprocessing says %d", side.name, sides[i], *side.given)
		}
	}
	if kind := m.inputs[0].Type; kind != 0 && !kind.real() && !wholeNumbers(p) {
		return p, fmt.Errorf("the network reads images of %s: choose whole numbers, such as those from 0 to 255, in the %w", kind, ErrPreprocessing)
	}
	return p, p.Validate()
}

// checkImages reports a network that reads anything but one batch of images.
func (m *Model) checkImages() error {
	var names []string
	for _, v := range m.inputs {
		names = append(names, fmt.Sprintf("%s %v", v.Name, v.Shape))
	}
	if len(m.inputs) != 1 {
		return fmt.Errorf("the network reads %d tensors (%s), want one of images: export the part of it that reads one image", len(m.inputs), strings.Join(names, ", "))
	}
	switch shape := m.inputs[0].Shape; {
	case shape == nil:
	case len(shape) != 4:
		return fmt.Errorf("the network reads %s, want images [n, c, h, w]", names[0])
	case shape[0] > 1:
		return fmt.Errorf("the network reads %d images at once, no more and no fewer: export it for one, or for any number of them", shape[0])
	}
	return nil
}

// wholeNumbers says whether prepared pixels, in 0 to 255 before, are whole numbers.
func wholeNumbers(p imgproc.Preprocess) bool {
	whole := func(v float64) bool { return math.Abs(v-math.Round(v)) < 1e-3 }
	for _, v := range p.Mean {
		if !whole(255 * float64(v)) {
			return false
		}
	}
	for _, v := range p.Std {
		if !whole(1/(255*float64(v))) || float64(v)*255 > 1.001 {
			return false
		}
	}
	return len(p.Std) > 0
}
