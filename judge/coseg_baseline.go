package judge

import (
	"math"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
)

// CosegBaselines judges masks that know nothing of the other image: everything, a box in the middle of half the image, and what differs in
// colour from the rest of the image. It fails when an image can no longer be read.
func CosegBaselines(set *dataset.Set, test CosegTest) (map[string]CosegResult, error) {
	a := asking{set: set, pictures: dataset.NewPictures(set), test: test}
	masks := map[string]func(imgproc.Image) []float32{"all_foreground": everything, "centre_box": centreBox, "colour_contrast": colourContrast}
	answers := map[string][]cosegAnswer{}
	for i, it := range set.Items {
		if len(a.pictures.Classes[it.Label]) < 2 {
			continue
		}
		partners, _ := a.others(i)
		it, err := a.truth(i, partners)
		if err != nil {
			return nil, err
		}
		for name, maskOf := range masks {
			p := maskOf(it.Image)
			bits := make([]bool, len(p))
			for i, v := range p {
				bits[i] = v > 0.5
			}
			answers[name] = append(answers[name], newCosegAnswer(it, bits, p))
		}
	}
	results := map[string]CosegResult{}
	for name, of := range answers {
		results[name] = a.result(of)
	}
	return results, nil
}

func everything(m imgproc.Image) []float32 {
	p := make([]float32, m.H*m.W)
	for i := range p {
		p[i] = 1
	}
	return p
}

// centreBox has half the area of the image.
func centreBox(m imgproc.Image) []float32 {
	p := make([]float32, m.H*m.W)
	off := (1 - math.Sqrt(0.5)) / 2
	for y := int(off * float64(m.H)); y < int((1-off)*float64(m.H)); y++ {
		for x := int(off * float64(m.W)); x < int((1-off)*float64(m.W)); x++ {
			p[y*m.W+x] = 1
		}
	}
	return p
}

// colourContrast is how far a pixel's colour is from those of the whole image, less at the borders (M.-M. Cheng et al., "Global contrast
// based salient region detection", CVPR 2011, of colours in 12 steps a channel), scaled so that twice the mean, or 1/2 of the largest where that
// is less, is 0.5.
func colourContrast(m imgproc.Image) []float32 {
	const steps = 12
	bin := func(i int) int {
		p := m.Pix[i*m.C:]
		if m.C == 1 {
			return int(p[0]) * steps / 256 * (steps*steps + steps + 1)
		}
		return (int(p[0])*steps/256*steps+int(p[1])*steps/256)*steps + int(p[2])*steps/256
	}
	var count [steps * steps * steps]float64
	n := m.H * m.W
	for i := range n {
		count[bin(i)]++
	}
	var used []int
	for b, c := range count {
		if c > 0 {
			used = append(used, b)
		}
	}
	var contrast [steps * steps * steps]float64
	for _, a := range used {
		for _, b := range used {
			d := [3]float64{float64(a/steps/steps - b/steps/steps), float64(a/steps%steps - b/steps%steps), float64(a%steps - b%steps)}
			contrast[a] += count[b] * math.Sqrt(d[0]*d[0]+d[1]*d[1]+d[2]*d[2])
		}
	}
	p := make([]float32, n)
	var sum, most float64
	for i := range p {
		x, y := float64(i%m.W)/float64(m.W)-0.5, float64(i/m.W)/float64(m.H)-0.5
		v := contrast[bin(i)] * math.Exp(-4*(x*x+y*y))
		p[i] = float32(v)
		sum, most = sum+v, max(most, v)
	}
	half := float32(min(2*sum/float64(n), most/2))
	for i := range p {
		if half > 0 {
			p[i] = min(1, p[i]/(2*half))
		}
	}
	return p
}
