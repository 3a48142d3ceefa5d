package imgproc

import "math"

// LUV puts an image as CIE L*u*v* into dst [h, w, step], three numbers at the beginning of each pixel's step: L in [0, 100], u and v about
// −100 to 200, of sRGB under its own white D65. It panics when dst has another size, or step is below 3.
func LUV(dst []float32, step int, m Image) {
	checkSize(len(dst), m.H, m.W, step)
	m = m.RGB()
	for i := range m.H * m.W {
		p := m.Pix[3*i : 3*i+3 : 3*i+3]
		dst[i*step], dst[i*step+1], dst[i*step+2] = luv(linear[p[0]], linear[p[1]], linear[p[2]])
	}
}

// linear undoes sRGB's curve (IEC 61966-2-1).
var linear = func() (t [256]float64) {
	for i := range t {
		v := float64(i) / 255
		if v <= 0.04045 {
			t[i] = v / 12.92
		} else {
			t[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return t
}()

func luv(r, g, b float64) (l, u, v float32) {
	const whiteU, whiteV = 0.19783, 0.46833
	x := 0.4124564*r + 0.3575761*g + 0.1804375*b
	y := 0.2126729*r + 0.7151522*g + 0.0721750*b
	z := 0.0193339*r + 0.1191920*g + 0.9503041*b
	light := 903.3 * y
	if y > 0.008856 {
		light = 116*math.Cbrt(y) - 16
	}
	sum := x + 15*y + 3*z
	if sum == 0 {
		return 0, 0, 0
	}
	return float32(light), float32(13 * light * (4*x/sum - whiteU)), float32(13 * light * (9*y/sum - whiteV))
}
