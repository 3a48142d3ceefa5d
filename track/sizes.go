package track

import "math"

// sizes is how tall objects of one kind are where they stand in a video: on a plane, height is linear in where the feet are, whatever the camera's height
// and tilt (D. Hoiem, A. A. Efros, M. Hebert, "Putting objects in perspective", 2006). Boxes of a part of somebody, or of two, stand out. The zero value
// knows nothing.
type sizes struct {
	base, slope float64 // height of what stands at y = 0, and what each pixel further down adds
	right       float64 // deviation of the logarithm of the height of boxes that are right
	wrong       float64 // and of those that are not
}

const (
	exact = 0.05 // least deviation of heights
	odd   = 0.1  // part of the objects whose height does not go with where they stand, such as children
	few   = 50   // detections that teach nothing
)

// learnSizes finds the sizes that are most likely, by expectation maximisation. Before its size is known, a detection is right with its score for a probability.
func learnSizes(frames []Frame) (s sizes) {
	var boxes []Detection
	var believed []float64
	for _, f := range frames {
		for _, d := range f.Detections {
			if sized(d) {
				boxes, believed = append(boxes, d), append(believed, d.Score)
			}
		}
	}
	if len(boxes) < few {
		return s
	}
	for range 50 {
		s = s.fit(boxes, believed)
		for i, d := range boxes {
			believed[i] = s.of(d)
		}
	}
	return s
}

// fit is the line and the deviations that go with how much each box is believed; by s, errors count in parts of the height.
func (s sizes) fit(boxes []Detection, believed []float64) sizes {
	var n, y, h, yy, yh float64
	for i, d := range boxes {
		w, feet := believed[i]/sq(s.height(d)), d.Box.Y+d.Box.H
		n, y, h, yy, yh = n+w, y+w*feet, h+w*d.Box.H, yy+w*feet*feet, yh+w*feet*d.Box.H
	}
	if n == 0 {
		return sizes{}
	}
	s.slope = (yh - y*h/n) / (yy - y*y/n + 1e-9*yy + 1e-9)
	s.base = (h - s.slope*y) / n
	var right, wrong, all float64
	for i, d := range boxes {
		r := sq(s.deviation(d))
		right, wrong, all = right+believed[i]*r, wrong+(1-believed[i])*r, all+believed[i]
	}
	s.right = max(math.Sqrt(right/all), exact)
	s.wrong = max(math.Sqrt(wrong/max(float64(len(boxes))-all, 1e-9)), s.right)
	return s
}

// height is how tall somebody is who stands where the detection does; while nothing is known, all are as tall.
func (s sizes) height(d Detection) float64 {
	if s == (sizes{}) {
		return 1
	}
	return max(s.base+s.slope*(d.Box.Y+d.Box.H), 1)
}

func (s sizes) deviation(d Detection) float64 { return math.Log(d.Box.H / s.height(d)) }

// sized reports whether a detection has a size and a probability.
func sized(d Detection) bool { return possible(d.Box) && d.Score >= 0 && d.Score <= 1 }

// of is how likely a detection is right, its size known.
func (s sizes) of(d Detection) float64 {
	if s == (sizes{}) || !sized(d) {
		return d.Score
	}
	r := sq(s.deviation(d))
	density := func(deviation float64) float64 { return math.Exp(-r/(2*sq(deviation))) / deviation }
	wrong := density(s.wrong)
	right := (1-odd)*density(s.right) + odd*wrong
	if wrong == 0 { // a size beyond all numbers
		return d.Score * odd / (d.Score*odd + 1 - d.Score)
	}
	return d.Score * right / (d.Score*right + (1-d.Score)*wrong)
}
