package kernel

import "math"

func adamLoop(p, m, v, g []float32, a *Adam) {
	for i, x := range g[:len(p)] {
		x += float32(a.L2 * p[i])
		m[i] = float32(a.Beta1*m[i]) + float32(a.Rest1*x)
		v[i] = float32(a.Beta2*v[i]) + float32(a.Rest2*float32(x*x))
		root := float32(math.Sqrt(float64(v[i] * a.VarianceScale)))
		step := a.Rate * float32(m[i]*a.MeanScale) / (root + a.Epsilon)
		p[i] -= step + float32(a.Decay*p[i])
	}
}

func (s *vectorSet) setPortableOptim() { s.adam = adamLoop }
