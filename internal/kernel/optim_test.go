package kernel

import (
	"math"
	"testing"
)

// Three steps from the same start, as torch.optim of PyTorch 1.13 takes them with lr=0.01 and weight_decay=0.1 where
// L2 or Decay is set.
var (
	optimStart     = []float32{0.5, -1.25, 0, 3}
	optimGradients = [][]float32{{0.1, -0.2, 0.3, 1e-5}, {-0.4, 0.2, 0.3, 2e-5}, {0.1, 0.1, -0.9, -3e-5}}
)

func TestAdamStepsAsPyTorch(t *testing.T) {
	for _, c := range []struct {
		name      string
		l2, decay float32
		want      []float32
	}{
		{"Adam", 0, 0, []float32{0.4982915819, -1.243040681, -0.01751499809, 2.981029987}},
		{"Adam with weight_decay", 0.1, 0, []float32{0.494912535, -1.230997682, -0.01749928482, 2.970003366}},
		{"AdamW", 0, 0.1, []float32{0.4968074858, -1.239313960, -0.01748500951, 2.972068787}},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachImplementation(t, func(t *testing.T) {
				p := append([]float32(nil), optimStart...)
				m, v := make([]float32, len(p)), make([]float32, len(p))
				for i, g := range optimGradients {
					step := float64(i + 1)
					a := Adam{
						Rate: 0.01, Beta1: 0.9, Beta2: 0.999, Rest1: 0.1, Rest2: 0.001, Epsilon: 1e-8, L2: c.l2, Decay: 0.01 * c.decay,
						MeanScale: float32(1 / (1 - math.Pow(0.9, step))), VarianceScale: float32(1 / (1 - math.Pow(0.999, step))),
					}
					a.Step(p, m, v, g)
				}
				for i, want := range c.want {
					if !near32(p[i], float64(want), 2e-6) {
						t.Errorf("p[%d] = %v, want %v", i, p[i], want)
					}
				}
			})
		})
	}
}
