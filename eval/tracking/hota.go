package tracking

import (
	"math"

	"github.com/siam-go/siam/assign"
)

// Alphas is how many thresholds of the IoU HOTA is averaged over: 0.05, 0.10, … 0.95.
const Alphas = 19

// HOTA are the sums of higher order tracking accuracy at each threshold (J. Luiten et al., "HOTA: a higher order metric for
// evaluating multi-object tracking", 2021).
type HOTA [Alphas]struct {
	TP, FP, FN   int
	IoU          float64 // of the TP, summed
	Ass          float64 // over the TP: how far the person's and the track's boxes are the same ones (equation 3)
	AssRe, AssPr float64
}

// alpha is the threshold k, as TrackEval rounds it.
func alpha(k int) float64 { return 0.05 + float64(float64(k)*0.05) }

// CountHOTA matches each frame once, by IoU and by how far two ids go together in all of the sequence, and counts at each threshold.
func (s Sequence) CountHOTA() HOTA {
	ids := s.index()
	together := s.together(ids)
	var h HOTA
	var matches [Alphas][]float64 // frames that each pair of ids shares
	for k := range matches {
		matches[k] = make([]float64, len(together))
	}
	var solver assign.Solver
	for _, f := range s {
		cost := make([]float64, len(f.IoU))
		for i, id := range f.Truth {
			for j, track := range f.Tracks {
				cost[i*len(f.Tracks)+j] = -together[ids.at(id, track)] * f.IoU[i*len(f.Tracks)+j]
			}
		}
		pairs := solver.Solve(cost, len(f.Truth), len(f.Tracks), 0)
		for k := range h {
			found := 0
			for i, j := range pairs {
				if j < 0 || f.IoU[i*len(f.Tracks)+j] < alpha(k)-eps {
					continue
				}
				found++
				h[k].IoU += f.IoU[i*len(f.Tracks)+j]
				matches[k][ids.at(f.Truth[i], f.Tracks[j])]++
			}
			h[k].TP += found
			h[k].FN += len(f.Truth) - found
			h[k].FP += len(f.Tracks) - found
		}
	}
	h.associate(ids, matches)
	return h
}

// together is the Jaccard index of each pair of ids, with IoU in the place of matches.
func (s Sequence) together(ids index) []float64 {
	shared := make([]float64, len(ids.truth)*len(ids.tracks))
	for _, f := range s {
		n := len(f.Tracks)
		rows, cols := make([]float64, len(f.Truth)), make([]float64, n)
		for at, v := range f.IoU {
			rows[at/n] += v
			cols[at%n] += v
		}
		for at, v := range f.IoU {
			if all := rows[at/n] + cols[at%n] - v; all > eps {
				shared[ids.at(f.Truth[at/n], f.Tracks[at%n])] += v / all
			}
		}
	}
	for at, v := range shared {
		i, j := at/len(ids.tracks), at%len(ids.tracks)
		shared[at] = v / (ids.truthTimes[i] + ids.trackTime[j] - v)
	}
	return shared
}

func (h *HOTA) associate(ids index, matches [Alphas][]float64) {
	for k := range h {
		for at, n := range matches[k] {
			if n == 0 {
				continue
			}
			truth, track := ids.truthTimes[at/len(ids.tracks)], ids.trackTime[at%len(ids.tracks)]
			h[k].Ass += n * n / (truth + track - n)
			h[k].AssRe += n * n / truth
			h[k].AssPr += n * n / track
		}
	}
}

// Plus adds the sums of another sequence.
func (h HOTA) Plus(o HOTA) HOTA {
	for k := range h {
		h[k].TP += o[k].TP
		h[k].FP += o[k].FP
		h[k].FN += o[k].FN
		h[k].IoU += o[k].IoU
		h[k].Ass += o[k].Ass
		h[k].AssRe += o[k].AssRe
		h[k].AssPr += o[k].AssPr
	}
	return h
}

// Value is HOTA, √(DetA·AssA), averaged over the thresholds.
func (h HOTA) Value() float64 {
	return h.mean(func(k int) float64 {
		return math.Sqrt(ratio(float64(h[k].TP), h[k].TP+h[k].FP+h[k].FN) * ratio(h[k].Ass, h[k].TP))
	})
}

// DetA is the accuracy of the boxes, TP / (TP + FP + FN).
func (h HOTA) DetA() float64 {
	return h.mean(func(k int) float64 { return ratio(float64(h[k].TP), h[k].TP+h[k].FP+h[k].FN) })
}

// DetRe is their recall.
func (h HOTA) DetRe() float64 {
	return h.mean(func(k int) float64 { return ratio(float64(h[k].TP), h[k].TP+h[k].FN) })
}

// DetPr is their precision.
func (h HOTA) DetPr() float64 {
	return h.mean(func(k int) float64 { return ratio(float64(h[k].TP), h[k].TP+h[k].FP) })
}

// AssA is the accuracy of the association.
func (h HOTA) AssA() float64 { return h.mean(func(k int) float64 { return ratio(h[k].Ass, h[k].TP) }) }

// AssRe is its recall.
func (h HOTA) AssRe() float64 {
	return h.mean(func(k int) float64 { return ratio(h[k].AssRe, h[k].TP) })
}

// AssPr is its precision.
func (h HOTA) AssPr() float64 {
	return h.mean(func(k int) float64 { return ratio(h[k].AssPr, h[k].TP) })
}

// LocA is the mean IoU of matches; 1 at a threshold without any.
func (h HOTA) LocA() float64 {
	return h.mean(func(k int) float64 {
		if h[k].TP == 0 {
			return 1
		}
		return h[k].IoU / float64(h[k].TP)
	})
}

func (h HOTA) mean(at func(k int) float64) (sum float64) {
	for k := range h {
		sum += at(k)
	}
	return sum / Alphas
}
