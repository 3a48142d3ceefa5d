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
}

// NewDetector has the settings that suit photographs.
func NewDetector(network Network) *Detector {
	return &Detector{Network: network, MinScore: 0.5, Overlap: 0.45, MaxSide: 640}
}

// Detect finds the faces of each photograph, in pixels of it, the surest first. Photographs that the network sees at one size
// go through it together.
func (d *Detector) Detect(ctx context.Context, photos []imgproc.Image) ([][]detect.Detection, error) {
	found := make([][]detect.Detection, len(photos))
	for _, group := range d.groups(photos) {
		if err := d.detect(ctx, group, found); err != nil {
			return nil, fmt.Errorf("find faces: %w", err)
		}
	}
	return found, nil
}

// group is photographs that go through the network together.
type group struct {
	padded size
	scaled []imgproc.Image
	photos []int  // their places
	sizes  []size // before scaling
}

type size struct{ h, w int }

const (
	cell     = 32 // both sides of the network's input are multiples of it
	maxGroup = 16 // photographs that go through the network at once
)

func (d *Detector) groups(photos []imgproc.Image) []*group {
	var groups []*group
	open := map[size]*group{}
	for i, photo := range photos {
		scaled := d.shrink(photo)
		padded := size{(scaled.H + cell - 1) / cell * cell, (scaled.W + cell - 1) / cell * cell}
		g := open[padded]
		if g == nil || len(g.photos) == maxGroup {
			g = &group{padded: padded}
			open[padded] = g
			groups = append(groups, g)
		}
		g.photos = append(g.photos, i)
		g.sizes = append(g.sizes, size{photo.H, photo.W})
		g.scaled = append(g.scaled, scaled)
	}
	return groups
}

// shrink makes a photograph that is larger than MaxSide as large as that.
func (d *Detector) shrink(photo imgproc.Image) imgproc.Image {
	long := max(photo.H, photo.W)
	if long <= d.MaxSide {
		return photo
	}
	side := func(n int) int { return max(1, (n*d.MaxSide+long/2)/long) }
	return imgproc.Resize(photo, side(photo.H), side(photo.W))
}

// detect runs one group and puts what it finds at the photographs' places.
func (d *Detector) detect(ctx context.Context, g *group, found [][]detect.Detection) error {
	n, h, w := len(g.photos), g.padded.h, g.padded.w
	input := make([]float32, n*h*w*3)
	for i, photo := range g.scaled {
		fill(input[i*h*w*3:], w, photo)
	}
	outputs, err := d.Network.Run(ctx, onnx.Array{Shape: []int{n, h, w, 3}, Values: input})
	if err != nil {
		return err
	}
	if len(outputs) != 4*len(strides) {
		return fmt.Errorf("the detector has %d outputs, want the %d of YuNet", len(outputs), 4*len(strides))
	}
	for i, at := range g.photos {
		faces, err := detect.DecodeYuNet(headsOf(outputs, i, n), h, w, d.MinScore)
		if err != nil {
			return err
		}
		faces = detect.Suppress(faces, d.Overlap)
		toPhoto(faces, g.scaled[i], g.sizes[i])
		found[at] = faces
	}
	return nil
}

// fill writes a photograph as blue, green, red in [0, 255] to the top left of an image w pixels wide.
func fill(dst []float32, w int, photo imgproc.Image) {
	for y := range photo.H {
		row, out := photo.Row(y), dst[y*w*3:]
		for x := range photo.W {
			p := row[x*photo.C : (x+1)*photo.C]
			out[3*x], out[3*x+1], out[3*x+2] = float32(p[len(p)-1]), float32(p[len(p)/2]), float32(p[0])
		}
	}
}

// headsOf takes image i of n out of the network's outputs.
func headsOf(outputs []onnx.Array, i, n int) []detect.YuNetHead {
	heads := make([]detect.YuNetHead, len(strides))
	for s, stride := range strides {
		part := func(kind int) []float32 {
			values := outputs[kind*len(strides)+s].Values
			each := len(values) / n
			return values[i*each : (i+1)*each]
		}
		heads[s] = detect.YuNetHead{Stride: stride, Class: part(0), Object: part(1), Box: part(2), Landmarks: part(3)}
	}
	return heads
}

// toPhoto moves faces from the pixels of the image that the network saw to those of the photograph.
func toPhoto(faces []detect.Detection, seen imgproc.Image, photo size) {
	x, y := float32(photo.w)/float32(seen.W), float32(photo.h)/float32(seen.H)
	for i := range faces {
		b := &faces[i].Box
		b.X, b.Y, b.W, b.H = b.X*x, b.Y*y, b.W*x, b.H*y
		for k := range faces[i].Landmarks {
			p := &faces[i].Landmarks[k]
			p.X, p.Y = p.X*x, p.Y*y
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
