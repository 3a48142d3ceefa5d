package coseg

import (
	"github.com/siam-go/siam/imgproc"
)

// refineSide is the longest side, in pixels, at which a mask is fitted to its image; what is found holds for larger ones.
const refineSide = 480

// refine moves the edges of a mask of probabilities [h·w] to those of the grey image: the guided filter (K. He, J. Sun, X. Tang, ECCV
// 2010), which takes the mask for a linear function of the image within each window,
//
//	q = a·I + b,  a = cov(I, p) / (var(I) + ε),  b = mean(p) − a·mean(I)
//
// a and b are found on a smaller image and enlarged (K. He, J. Sun, "Fast guided filter", 2015).
//
// The mask is [mh·mw], of any size.
func refine(image imgproc.Image, mask []float32, mh, mw int) []float32 {
	const epsilon = 1e-3
	long := max(image.H, image.W)
	h, w := image.H, image.W
	if long > refineSide {
		h, w = max(1, h*refineSide/long), max(1, w*refineSide/long)
	}
	radius := max(1, max(h, w)/50)
	guide := levels(imgproc.Resize(image, h, w))
	p := enlarge(mask, mh, mw, h, w)
	product := func(x, y []float32) []float32 {
		out := make([]float32, len(x))
		for i := range x {
			out[i] = x[i] * y[i]
		}
		return boxMean(out, h, w, radius)
	}
	meanI, meanP := boxMean(guide, h, w, radius), boxMean(p, h, w, radius)
	meanIP, meanII := product(guide, p), product(guide, guide)
	a, b := make([]float32, h*w), make([]float32, h*w)
	for i := range a {
		a[i] = (meanIP[i] - meanI[i]*meanP[i]) / (meanII[i] - meanI[i]*meanI[i] + epsilon)
		b[i] = meanP[i] - a[i]*meanI[i]
	}
	a = enlarge(boxMean(a, h, w, radius), h, w, image.H, image.W)
	b = enlarge(boxMean(b, h, w, radius), h, w, image.H, image.W)
	out := levels(image)
	for i, v := range out {
		out[i] = min(max(a[i]*v+b[i], 0), 1)
	}
	return out
}

// levels are a grey image's bytes in [0, 1].
func levels(m imgproc.Image) []float32 {
	out := make([]float32, len(m.Pix))
	for i, v := range m.Pix {
		out[i] = float32(v) / 255
	}
	return out
}

// boxMean is the mean of values [h, w] over the window of radius pixels to each side, as much of it as lies inside.
func boxMean(values []float32, h, w, radius int) []float32 {
	sums := make([]float64, (h+1)*(w+1)) // of all above and to the left
	for y := range h {
		row := 0.0
		for x := range w {
			row += float64(values[y*w+x])
			sums[(y+1)*(w+1)+x+1] = sums[y*(w+1)+x+1] + row
		}
	}
	out := make([]float32, h*w)
	for y := range h {
		top, bottom := max(0, y-radius), min(h, y+radius+1)
		for x := range w {
			left, right := max(0, x-radius), min(w, x+radius+1)
			sum := sums[bottom*(w+1)+right] - sums[top*(w+1)+right] - sums[bottom*(w+1)+left] + sums[top*(w+1)+left]
			out[y*w+x] = float32(sum / float64((bottom-top)*(right-left)))
		}
	}
	return out
}
