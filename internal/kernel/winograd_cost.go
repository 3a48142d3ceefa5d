package kernel

import "math"

// suitsWinograd tells whether the convolution can be computed by minimal filtering.
func (s ConvShape) suitsWinograd() bool {
	return s.Groups == 1 && max(s.KH, s.KW) <= 10 && max(s.StrideH, s.StrideW, s.DilH, s.DilW, s.InDilH, s.InDilW) == 1
}

// suits tells whether kernels of the size can be cut into parts.
func (t *patchTransforms) suits(s ConvShape) bool {
	return t.taps >= t.step || max(s.KH, s.KW) <= t.taps
}

// How much faster minimal filtering must seem: the cost leaves out what differs between machines.
const (
	winogradGain          = 1.2
	winogradGradGain      = 1.4  // of gradients to weights
	winogradPairsGradGain = 1.05 // of those with bfloat16, whose direct products are not quite as fast as directCost says
)

// Costs of transforms of a patch, per channel, in products of the same instruction set, as measured on layers of Conv4 and
// Koch's net. NEON has fast products, but the portable transforms.
const (
	portablePatchCost = 1000
	neonPatchCost     = 10000
	avx2PatchCost     = 600
	avx512PatchCost   = 300
	weightCost        = 1.4 // times the cost of a patch: that of an input and an output channel of a part of the weights
)

// fastestPatches is the transforms with which minimal filtering is fastest, or nil if a direct convolution is not slower by
// the wanted gain. The portable loops at the ends of vectors never pay.
func (s ConvShape) fastestPatches(k *productKernels, gain float64) *patchTransforms {
	if !s.suitsWinograd() || s.C%8 != 0 || s.F%8 != 0 || s.Way == Direct {
		return nil
	}
	var best *patchTransforms
	least := s.directCost(k) / gain
	if s.Way == Minimal {
		least = math.Inf(1)
	}
	for i := range active.patches {
		if t := &active.patches[i]; t.suits(s) {
			if cost := s.winogradCost(t, k.cols); cost < least {
				best, least = t, cost
			}
		}
	}
	return best
}

// fastestKeptPatches is fastestPatches of a convolution whose weights are packed once and serve often.
func (s ConvShape) fastestKeptPatches(k *productKernels) *patchTransforms {
	s.N *= 1000
	return s.fastestPatches(k, winogradGain)
}

// keptWeights is how many transformed weights of a convolution stay in the L2 cache.
const keptWeights = 1 << 18

// isSlowAlone tells whether minimal filtering of one image would wait for its weights, of which it has several times as many as a
// direct convolution.
func (s ConvShape) isSlowAlone(t *patchTransforms) bool {
	g := s.patchGroups(t)
	return g.down*g.right == 1 && patchPoints*s.C*s.F > keptWeights
}

// winogradCost is about how many products would take as long.
func (s ConvShape) winogradCost(t *patchTransforms, width int) float64 {
	g := s.patchGroups(t)
	c, f, wide := float64(s.C), float64(s.F), float64(divideUp(s.F, width)*width)
	products := patchPoints * float64(g.products()) * c * wide
	return products + t.cost*float64(g.count())*(c+f) + weightCost*t.cost*float64(g.parts())*c*f
}

// directCost is about the number of products of a direct convolution, in float32.
func (s ConvShape) directCost(k *productKernels) float64 {
	products := float64(s.N*s.C*s.F) * float64(s.axisH().meetings()*s.axisW().meetings())
	if s.Precision == BFloat16 && k.pairs && s.pairable() {
		return products / 2
	}
	return products
}

// meetings is the number of taps of all outputs that meet the input.
func (a axis) meetings() int {
	n := 0
	for o := range a.out {
		class, _ := a.class(o)
		n += class.count
	}
	return n
}
