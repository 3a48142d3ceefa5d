package detect

import "fmt"

// DecodeYOLOX finds things with a score of at least minScore in what YOLOX puts out for an image of h×w pixels as the network
// saw it, with overlapping ones among them (Ge et al. 2021, "YOLOX: Exceeding YOLO Series in 2021"). output is
// [cells, 5+classes], the cells of strides 8, 16 and 32 after each other, row by row:
//
//	centre = (cell + output[0:2])·stride,  size = exp(output[2:4])·stride
//	score = output[4] · the largest of output[5:], whose place is the label
//
// It fails when output has another size.
func DecodeYOLOX(output []float32, classes, h, w int, minScore float32) ([]Detection, error) {
	strides := []int{8, 16, 32}
	width, cells := 5+classes, 0
	for _, s := range strides {
		cells += h / s * (w / s)
	}
	if classes < 1 || len(output) != cells*width {
		return nil, fmt.Errorf("decode boxes: %d numbers, want %d cells of %d for %d×%d pixels", len(output), cells, width, w, h)
	}
	var found []Detection
	for _, s := range strides {
		for row := range h / s {
			for column := range w / s {
				if d := decodeCell(output[:width], row, column, float32(s)); d.Score >= minScore {
					found = append(found, d)
				}
				output = output[width:]
			}
		}
	}
	return found, nil
}

func decodeCell(v []float32, row, column int, stride float32) Detection {
	d := Detection{Label: 0}
	for label, p := range v[5:] {
		if p > v[5+d.Label] {
			d.Label = label
		}
	}
	d.Score = v[4] * v[5+d.Label]
	w, h := exp(v[2])*stride, exp(v[3])*stride
	d.Box = Box{X: (float32(column)+v[0])*stride - w/2, Y: (float32(row)+v[1])*stride - h/2, W: w, H: h}
	return d
}
