// Package person finds the people in a photograph or a frame of a video with YOLOX, as an ONNX network.
package person

import (
	"context"
	"errors"
	"fmt"

	"github.com/siam-go/siam/detect"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/onnx"
)

// Network runs a network: an [onnx.Network] with the one output of YOLOX.
type Network interface {
	Run(ctx context.Context, inputs ...onnx.Array) ([]onnx.Array, error)
}

// Detector finds people. It is safe for use by several goroutines if its network is.
type Detector struct {
	Network  Network
	Side     int     // of the square input, pixels
	MinScore float32 // of a person, in [0, 1]
	Overlap  float32 // IoU above which the less sure of two is dropped
	Label    int     // of a person among the network's classes
}

// NewDetector finds people as trackers want them: those with low scores too.
func NewDetector(network Network) *Detector {
	return &Detector{Network: network, Side: 416, MinScore: 0.1, Overlap: 0.6}
}

// preprocess is what YOLOX was trained on: the image in the upper left corner, the rest grey, bytes as they are.
func (d *Detector) preprocess() imgproc.Preprocess {
	const byte = 1. / 255
	return imgproc.Preprocess{
		Height: d.Side, Width: d.Side, Channels: 3, BGR: true, Std: []float32{byte, byte, byte},
		Pad: &imgproc.Pad{Corner: true, Level: 114},
	}
}

// Detect finds the people in an image, the surest first, with boxes in its pixels. It fails when ctx has ended, and when the network is not YOLOX.
func (d *Detector) Detect(ctx context.Context, photo imgproc.Image) ([]detect.Detection, error) {
	if err := errors.Join(ctx.Err(), photo.Check()); err != nil {
		return nil, err
	}
	photo, p := photo.RGB(), d.preprocess()
	view := p.View(photo, imgproc.Identity(), nil)
	input := onnx.Array{Shape: []int{1, p.Height, p.Width, p.Channels}, Values: make([]float32, p.Size())}
	view.Image(input.Values, photo)
	outputs, err := d.Network.Run(ctx, input)
	if err != nil {
		return nil, err
	}
	if len(outputs) != 1 || len(outputs[0].Shape) != 3 {
		return nil, fmt.Errorf("the detector has %d outputs, want the one of YOLOX, [1, cells, 5 + classes]", len(outputs))
	}
	all, err := detect.DecodeYOLOX(outputs[0].Values, outputs[0].Shape[2]-5, p.Height, p.Width, d.MinScore)
	if err != nil {
		return nil, err
	}
	var found []detect.Detection
	for _, one := range detect.Suppress(all, d.Overlap) {
		if one.Label == d.Label {
			one.Box = view.BoxBack(one.Box)
			found = append(found, one)
		}
	}
	return found, nil
}
