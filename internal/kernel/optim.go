package kernel

// Adam is one step of the Adam optimizer (Kingma & Ba, 2015, algorithm 1) or AdamW (Loshchilov & Hutter, 2019):
//
//	g ← g + L2·p
//	m ← Beta1·m + Rest1·g               v ← Beta2·v + Rest2·g²
//	p ← p - (Rate·(m·MeanScale) / (√(v·VarianceScale) + Epsilon) + Decay·p)
//
// MeanScale is 1/(1-β₁ᵗ) and VarianceScale 1/(1-β₂ᵗ) at step t = 1, 2, …; Rest1 is 1-β₁ and Rest2 is 1-β₂; Decay is the
// rate times the weight decay.
type Adam struct {
	Rate, Beta1, Beta2, Epsilon float32
	MeanScale, VarianceScale    float32
	L2, Decay                   float32
	Rest1, Rest2                float32
}

// Step updates p, m and v from the gradient g in one pass. L2 and Decay of 0 leave their terms out.
func (a *Adam) Step(p, m, v, g []float32) {
	sameLength("Adam.Step", len(p), len(m))
	sameLength("Adam.Step", len(p), len(v))
	sameLength("Adam.Step", len(p), len(g))
	active.vector.adam(p, m, v, g, a)
}
