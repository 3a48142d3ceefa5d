// Package face turns photographs into aligned crops of faces, ready for an encoder: it finds faces with their eyes, nose and
// mouth, and lays each down so that these come to lie where the encoder expects them.
package face

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/detect"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/onnx"
)

// Network runs a network: an [onnx.Network].
type Network interface {
	Run(ctx context.Context, inputs ...onnx.Array) ([]onnx.Array, error)
}

// Outputs are the names of the tensors that a [Detector] reads from YuNet, in order.
func Outputs() []string {
	var names []string
	for _, kind := range []string{"cls", "obj", "bbox", "kps"} {
		for _, stride := range strides {
			names = append(names, fmt.Sprintf("%s_%d", kind, stride))
		}
	}
	return names
}

var strides = [...]int{8, 16, 32}

// Detector finds faces with YuNet. It is safe for use by several goroutines if its network is.
type Detector struct {
	Network  Network // with [Outputs]
	MinScore float32 // of a face, in [0, 1]
	Overlap  float32 // largest IoU of two faces, in [0, 1]
	MaxSide  int     // larger photographs are shrunk to it before faces are sought, pixels
	// LookAgain above MaxSide looks a second time at photographs that are larger than MaxSide, shrunk to this longer side, through
	// windows of MaxSide: for faces that the first look loses, as those of a class on a photograph of 12 megapixels. 0 looks once.
	LookAgain int
}

// MaxSide is the longest side of a photograph as [NewDetector]'s sees it, in pixels.
const MaxSide = 640

// NewDetector has the settings that suit photographs.
func NewDetector(network Network) *Detector {
	return &Detector{Network: network, MinScore: 0.5, Overlap: 0.45, MaxSide: MaxSide}
}

// Enough says whether photographs of h×w pixels show the detector all that it can see.
func (d *Detector) Enough(h, w int) bool { return max(h, w) >= max(d.MaxSide, d.LookAgain) }

// Detect finds the faces of each photograph, in its pixels, the surest first.
func (d *Detector) Detect(ctx context.Context, photos []imgproc.Image) ([][]detect.Detection, error) {
	found, err := d.look(ctx, photos)
	if err != nil {
		return nil, fmt.Errorf("find faces: %w", err)
	}
	for i, photo := range photos {
		if max(photo.H, photo.W) <= d.MaxSide || d.LookAgain <= d.MaxSide {
			continue
		}
		more, err := d.lookAgain(ctx, photo)
		if err != nil {
			return nil, fmt.Errorf("find small faces: %w", err)
		}
		found[i] = detect.Suppress(append(found[i], more...), d.Overlap)
	}
	return found, nil
}

// look finds the faces that are large enough when all of a photograph is seen at once. Photographs go through the network one by one:
// several together would take several times the memory, and no less time.
func (d *Detector) look(ctx context.Context, photos []imgproc.Image) ([][]detect.Detection, error) {
	found := make([][]detect.Detection, len(photos))
	for i, photo := range photos {
		var err error
		if found[i], err = d.detect(ctx, photo); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// sides are those that the network's input may have, in pixels: few, so that photographs of all sizes share some inputs, and
// multiples of 32, as the network wants them.
func (d *Detector) sides() []int {
	var sides []int
	for _, part := range []float64{0.2, 0.4, 0.6, 0.75, 1} { // 0.75 is the shorter side of most photographs, 0.6 of the wider ones
		sides = append(sides, max(32, int(part*float64(d.MaxSide)+31)/32*32))
	}
	return sides
}

// preprocess is what YuNet reads: blue, green and red in [0, 255], in the top left corner of an image that is black elsewhere.
func (d *Detector) preprocess() imgproc.Preprocess {
	const byte = 1. / 255
	return imgproc.Preprocess{
		Height: d.MaxSide, Width: d.MaxSide, Channels: 3, BGR: true, Std: []float32{byte, byte, byte},
		Pad: &imgproc.Pad{Side: d.MaxSide, Corner: true},
	}
}

// detect finds the faces in one photograph.
func (d *Detector) detect(ctx context.Context, photo imgproc.Image) ([]detect.Detection, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	prepare := d.preprocess().Snug(photo, d.sides())
	view := prepare.View(photo, imgproc.Identity(), nil)
	input := onnx.Array{Shape: []int{1, prepare.Height, prepare.Width, prepare.Channels}, Values: make([]float32, prepare.Size())}
	view.Image(input.Values, photo)
	outputs, err := d.Network.Run(ctx, input)
	if err != nil {
		return nil, err
	}
	if len(outputs) != 4*len(strides) {
		return nil, fmt.Errorf("the detector has %d outputs, want the %d of YuNet", len(outputs), 4*len(strides))
	}
	faces, err := detect.DecodeYuNet(heads(outputs), prepare.Height, prepare.Width, d.MinScore)
	if err != nil {
		return nil, err
	}
	faces = detect.Suppress(faces, d.Overlap)
	toPhoto(faces, view)
	return faces, nil
}

// heads are the network's outputs by stride.
func heads(outputs []onnx.Array) []detect.YuNetHead {
	heads := make([]detect.YuNetHead, len(strides))
	for s, stride := range strides {
		part := func(kind int) []float32 { return outputs[kind*len(strides)+s].Values }
		heads[s] = detect.YuNetHead{Stride: stride, Class: part(0), Object: part(1), Box: part(2), Landmarks: part(3)}
	}
	return heads
}

// toPhoto moves faces from what the network saw to the photograph.
func toPhoto(faces []detect.Detection, view imgproc.View) {
	for i := range faces {
		faces[i].Box = view.BoxBack(faces[i].Box)
		for k, p := range faces[i].Landmarks {
			faces[i].Landmarks[k] = view.PointBack(p)
		}
	}
}

// Main is the place of the face that a photograph shows, among those found in it: the largest, less what it is off the centre.
// It is -1 when there is none.
func Main(faces []detect.Detection, photo imgproc.Image) int {
	best, most := -1, float32(0)
	for i, f := range faces {
		dx, dy := f.Box.X+f.Box.W/2-float32(photo.W)/2, f.Box.Y+f.Box.H/2-float32(photo.H)/2
		if weight := f.Box.Area() - 2*(dx*dx+dy*dy); best < 0 || weight > most {
			best, most = i, weight
		}
	}
	return best
}
