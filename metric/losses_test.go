package metric

import (
	"math"
	"slices"
)

// lossTable has one row for each loss.
var lossTable = map[string]lossRow{
	"Triplet": {loss: Triplet(0.2), distance: SquaredEuclidean(), oracle: perAnchor(func(m masks, a int) []float64 {
		return m.triplets(a, func(gap float64) float64 { return max(gap+0.2, 0) })
	})},
	"SoftMarginTriplet": {loss: SoftMarginTriplet(), distance: SquaredEuclidean(), oracle: perAnchor(func(m masks, a int) []float64 {
		return m.triplets(a, softplus64)
	})},
	"Quadruplet": {loss: Quadruplet(0.2, 0.5), distance: SquaredEuclidean(), oracle: quadruplets(0.2, 0.5)},
	"Contrastive": {loss: Contrastive(0.25, 1.5), distance: SquaredEuclidean(), oracle: perPair(
		func(d float64) []float64 { return value(max(d-0.25, 0)) },
		func(d float64) []float64 { return value(max(1.5-d, 0)) })},
	"Margin": {loss: Margin(0.2, 1.25), distance: Euclidean(), oracle: joined(perPair(
		func(d float64) []float64 { return value(max(0.2+d-1.25, 0)) },
		func(d float64) []float64 { return value(max(0.2+1.25-d, 0)) }))},
	"ThresholdConsistent": {loss: ThresholdConsistent(0.3, 0.9), distance: Cosine(), oracle: perPair(
		func(d float64) []float64 {
			if d < 0.3 {
				return nil
			}
			return value(d - 0.3)
		},
		func(d float64) []float64 {
			if d > 0.9 {
				return nil
			}
			return value(0.9 - d)
		})},
	"SupCon":          {loss: SupCon(0.1), distance: Cosine(), oracle: perAnchor(supConOracle)},
	"NTXent":          {loss: NTXent(0.2), distance: Cosine(), oracle: perAnchor(ntXentOracle)},
	"NPairs":          {loss: NPairs(1), distance: NegativeDot(), oracle: nPairsOracle},
	"MultiSimilarity": {loss: MultiSimilarity(2, 50, 0.5), distance: Cosine(), oracle: perAnchor(multiSimilarityOracle)},
	"Circle":          {loss: Circle(0.25, 8), distance: Cosine(), oracle: circleOracle(0.25, 8, nil)},
	"LiftedStructure": {loss: LiftedStructure(1, 1), distance: Euclidean(), oracle: perAnchor(liftedOracle)},
	"FastAP":          {loss: FastAP(10, 4), distance: SquaredEuclidean(), oracle: perAnchor(fastAPOracle)},
	"NormalizedSoftmax": {loss: NormalizedSoftmax(8), distance: Cosine(),
		oracle: classOracle(8, func(cos float64) float64 { return cos })},
	"ProxyNCA": {loss: ProxyNCA(0.25), distance: Cosine(), oracle: crossEntropy(unitDistance, unitDistance)},
	"CosFace": {loss: CosFace(0.3, 8), distance: Cosine(),
		oracle: classOracle(8, func(cos float64) float64 { return cos - 0.3 })},
	"ArcFace":    {loss: ArcFace(0.5, 8), distance: Cosine(), oracle: classOracle(8, wider)},
	"SubCenters": {loss: SubCenters(ArcFace(0.5, 8), 3), distance: Cosine(), oracle: classOracle(8, wider), pool: slices.Min[[]float64]},
	"SoftTriple": {loss: SoftTriple(8, 0.2, 0.1, 3), distance: Cosine(),
		oracle: classOracle(8, func(cos float64) float64 { return cos - 0.1 }),
		pool: func(d []float64) (mean float64) {
			logits := make([]float64, len(d))
			for k := range d {
				logits[k] = (1 - d[k]) / 0.2
			}
			for k, w := range softmax64(logits) {
				mean += w * d[k]
			}
			return mean
		}},
	"ProxyAnchor": {loss: ProxyAnchor(0.1, 8), distance: Cosine(), oracle: proxyAnchorOracle},
}

func wider(cos float64) float64 {
	if angle := math.Acos(cos) + 0.5; angle < math.Pi {
		return math.Cos(angle)
	}
	return cos - 0.5*math.Sin(0.5)
}

// unitDistance is −‖x−p‖²/T of unit vectors.
func unitDistance(cos float64) float64 { return -(2 - 2*cos) / 0.25 }

// classOracle is cross-entropy over classes with logits scale·own(cos) of the own class and scale·cos of the others.
func classOracle(scale float64, own func(cos float64) float64) func(m masks) []part {
	return crossEntropy(
		func(cos float64) float64 { return scale * own(cos) },
		func(cos float64) float64 { return scale * cos })
}

func crossEntropy(own, other func(cos float64) float64) func(m masks) []part {
	return perAnchor(func(m masks, a int) []float64 {
		var target, all float64
		for c, d := range m.d[a] {
			if m.same[a][c] {
				target = math.Exp(own(1 - d))
				all += target
			} else {
				all += math.Exp(other(1 - d))
			}
		}
		return value(-math.Log(target / all))
	})
}

// quadruplets has the closest pair of two other classes by looking at all.
func quadruplets(margin, between float64) func(m masks) []part {
	return func(m masks) []part {
		triplets, apart := make(part, len(m.d)), make(part, len(m.d))
		for a := range m.d {
			triplets[a] = m.triplets(a, func(gap float64) float64 { return max(gap+margin, 0) })
			closest := math.Inf(1)
			for k := range m.d {
				for l := range m.d {
					if m.different[k][l] && m.different[a][k] && m.different[a][l] {
						closest = min(closest, m.d[k][l])
					}
				}
			}
			for p, d := range m.d[a] {
				if m.same[a][p] && !math.IsInf(closest, 1) {
					apart[a] = append(apart[a], max(d-closest+between, 0))
				}
			}
		}
		return []part{triplets, apart}
	}
}

func supConOracle(m masks, a int) []float64 {
	var all, sum float64
	positives := 0
	for k, d := range m.d[a] {
		if m.same[a][k] || m.different[a][k] {
			all += math.Exp(-d / 0.1)
		}
	}
	for k, d := range m.d[a] {
		if m.same[a][k] {
			sum -= math.Log(math.Exp(-d/0.1) / all)
			positives++
		}
	}
	if positives == 0 {
		return nil
	}
	return value(sum / float64(positives))
}

func ntXentOracle(m masks, a int) (values []float64) {
	var negatives float64
	for k, d := range m.d[a] {
		if m.different[a][k] {
			negatives += math.Exp(-d / 0.2)
		}
	}
	for k, d := range m.d[a] {
		if m.same[a][k] {
			own := math.Exp(-d / 0.2)
			values = append(values, -math.Log(own/(own+negatives)))
		}
	}
	return values
}

// nPairsOracle lists the first two examples of each class, then compares each first with all seconds.
func nPairsOracle(m masks) []part {
	var classes []int32
	examples := make(map[int32][]int)
	for i, label := range m.labels {
		if examples[label] == nil {
			classes = append(classes, label)
		}
		examples[label] = append(examples[label], i)
	}
	p := make(part, len(m.d))
	for _, c := range classes {
		if len(examples[c]) < 2 {
			continue
		}
		anchor := examples[c][0]
		var all float64
		for _, other := range classes {
			if len(examples[other]) >= 2 {
				all += math.Exp(-m.d[anchor][examples[other][1]])
			}
		}
		p[anchor] = value(-math.Log(math.Exp(-m.d[anchor][examples[c][1]]) / all))
	}
	return []part{p}
}

func multiSimilarityOracle(m masks, a int) []float64 {
	same, different := 1.0, 1.0
	for k, d := range m.d[a] {
		if m.same[a][k] {
			same += math.Exp(2 * (d - 0.5))
		}
		if m.different[a][k] {
			different += math.Exp(-50 * (d - 0.5))
		}
	}
	return value(math.Log(same)/2 + math.Log(different)/50)
}

// circleOracle is written with the paper's similarities, optima and margins. Weights come from fixed, or from m itself.
func circleOracle(margin, scale float64, fixed [][]float64) func(m masks) []part {
	return perAnchor(func(m masks, a int) []float64 {
		weights := fixed
		if weights == nil {
			weights = m.d
		}
		var same, different float64
		for k, d := range m.d[a] {
			s, at := 1-d, 1-weights[a][k]
			if m.same[a][k] {
				same += math.Exp(-scale * max(1+margin-at, 0) * (s - (1 - margin)))
			}
			if m.different[a][k] {
				different += math.Exp(scale * max(at+margin, 0) * (s - margin))
			}
		}
		if same == 0 || different == 0 {
			return nil
		}
		return value(math.Log(1 + same*different))
	})
}

func liftedOracle(m masks, i int) (values []float64) {
	for j, d := range m.d[i] {
		if !m.same[i][j] {
			continue
		}
		var sum float64
		for k := range m.d {
			if m.different[i][k] {
				sum += math.Exp(1-m.d[i][k]) + math.Exp(1-m.d[j][k])
			}
		}
		values = append(values, math.Pow(max(d+math.Log(sum), 0), 2)/2)
	}
	return values
}

func fastAPOracle(m masks, a int) []float64 {
	const width = 0.4
	var positives float64
	same, all := make([]float64, 11), make([]float64, 11)
	for k, d := range m.d[a] {
		for j := range 11 {
			share := max(1-math.Abs(min(d, 4)-width*float64(j))/width, 0)
			if m.same[a][k] {
				same[j] += share
				positives += share
			}
			if m.same[a][k] || m.different[a][k] {
				all[j] += share
			}
		}
	}
	if positives == 0 {
		return nil
	}
	var precision, sumSame, sumAll float64
	for j := range 11 {
		sumSame, sumAll = sumSame+same[j], sumAll+all[j]
		if sumAll > 0 {
			precision += same[j] * sumSame / sumAll
		}
	}
	return value(1 - precision/positives)
}

func proxyAnchorOracle(m masks) []part {
	pull, push := make(part, testClasses), make(part, testClasses)
	for c := range testClasses {
		same, different, some := 1.0, 1.0, false
		for a := range m.d {
			if m.same[a][c] {
				same += math.Exp(-8 * (1 - m.d[a][c] - 0.1))
				some = true
			} else {
				different += math.Exp(8 * (1 - m.d[a][c] + 0.1))
			}
		}
		if some {
			pull[c] = value(math.Log(same))
		}
		push[c] = value(math.Log(different))
	}
	return []part{pull, push}
}
