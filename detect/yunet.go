package detect

import (
	"fmt"
	"math"
)

// YuNetHead is what YuNet puts out at one stride: its cells lie row by row over the image, stride pixels apart.
type YuNetHead struct {
	Stride    int
	Class     []float32 // [cells], probability of a face
	Object    []float32 // [cells], probability of anything
	Box       []float32 // [cells, 4]
	Landmarks []float32 // [cells, 10]
}

// DecodeYuNet finds the faces with a score of at least minScore in an image of h×w pixels as the network saw it, with
// overlapping ones among them (Wu et al. 2023, "YuNet: A Tiny Millisecond-level Face Detector"):
//
//	score = √(class·object)
//	centre = (cell + box[0:2])·stride,  size = exp(box[2:4])·stride,  landmark = (cell + offset)·stride
//
// It fails when the heads do not have the sizes that belong to h×w.
func DecodeYuNet(heads []YuNetHead, h, w int, minScore float32) ([]Detection, error) {
	var found []Detection
	for _, head := range heads {
		columns, rows := w/head.Stride, h/head.Stride
		cells := rows * columns
		if len(head.Class) != cells || len(head.Object) != cells || len(head.Box) != 4*cells || len(head.Landmarks) != 10*cells {
			return nil, fmt.Errorf("decode faces: %d scores, %d boxes and %d landmarks at stride %d, want %d for %d×%d pixels",
				len(head.Class), len(head.Box)/4, len(head.Landmarks)/10, head.Stride, cells, w, h)
		}
		for i := range cells {
			score := float32(math.Sqrt(float64(head.Class[i]) * float64(head.Object[i])))
			if score >= minScore {
				found = append(found, head.face(i, i/columns, i%columns, score))
			}
		}
	}
	return found, nil
}

// face decodes cell i, which lies at a row and column.
func (y YuNetHead) face(i, row, column int, score float32) Detection {
	stride, r, c := float32(y.Stride), float32(row), float32(column)
	b := y.Box[4*i : 4*i+4]
	boxW, boxH := exp(b[2])*stride, exp(b[3])*stride
	d := Detection{
		Score:     score,
		Box:       Box{X: (c+b[0])*stride - boxW/2, Y: (r+b[1])*stride - boxH/2, W: boxW, H: boxH},
		Landmarks: make([]Point, 5),
	}
	for k := range d.Landmarks {
		at := y.Landmarks[10*i+2*k:]
		d.Landmarks[k] = Point{X: (c + at[0]) * stride, Y: (r + at[1]) * stride}
	}
	return d
}
