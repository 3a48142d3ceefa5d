// Package detect turns the numbers that object detectors put out into boxes: it decodes YuNet and YOLOX and drops boxes that
// show the same thing twice. It sees numbers only; package onnx runs the networks.
package detect

import (
	"cmp"
	"math"
	"slices"

	"github.com/siam-go/siam/imgproc"
)

// Point is a place in an image, in pixels from its top left corner.
type Point = imgproc.Point

// Box is a rectangle in an image: its left and top side, width and height, in pixels.
type Box = imgproc.Box

// Detection is one thing that a detector found.
type Detection struct {
	Box   Box
	Score float32 // the detector's confidence, in [0, 1]
	Label int     // its class, 0 where there is only one
	// Landmarks of a face are five: the eye on the left of the picture, the eye on the right, the nose, and the left and
	// right corner of the mouth.
	Landmarks []Point
}

// Suppress keeps the best of detections of one label that overlap: going down from the best score, it drops those whose IoU with
// one that was kept is more than overlap, in [0, 1]. The result is sorted by falling score; found stays as it is.
func Suppress(found []Detection, overlap float32) []Detection {
	sorted := slices.Clone(found)
	slices.SortStableFunc(sorted, func(a, b Detection) int { return cmp.Compare(b.Score, a.Score) })
	var kept []Detection
	for _, d := range sorted {
		if !slices.ContainsFunc(kept, func(k Detection) bool { return k.Label == d.Label && k.Box.IoU(d.Box) > overlap }) {
			kept = append(kept, d)
		}
	}
	return kept
}

func exp(x float32) float32 { return float32(math.Exp(float64(x))) }
