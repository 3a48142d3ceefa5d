package tracking

import "github.com/siam-go/siam/assign"

// Identity are the counts of the identity metrics: boxes that are right when each person of the truth goes with one track for the whole
// sequence (E. Ristani et al., "Performance measures and a data set for multi-target, multi-camera tracking", 2016).
type Identity struct{ TP, FP, FN int }

// CountIdentity finds the pairs of a person and a track that share most frames in all.
func (s Sequence) CountIdentity() Identity {
	ids := s.index()
	shared := make([]float64, len(ids.truth)*len(ids.tracks))
	for _, f := range s {
		for i, id := range f.Truth {
			for j, track := range f.Tracks {
				if f.IoU[i*len(f.Tracks)+j] >= match {
					shared[ids.at(id, track)]--
				}
			}
		}
	}
	var c Identity
	for i, j := range assign.Solve(shared, len(ids.truth), len(ids.tracks), -0.5) {
		if j >= 0 {
			c.TP -= int(shared[i*len(ids.tracks)+j])
		}
	}
	for _, f := range s {
		c.FN += len(f.Truth)
		c.FP += len(f.Tracks)
	}
	c.FN -= c.TP
	c.FP -= c.TP
	return c
}

// Plus adds the counts of another sequence.
func (c Identity) Plus(o Identity) Identity { return Identity{c.TP + o.TP, c.FP + o.FP, c.FN + o.FN} }

// IDF1 is the harmonic mean of IDP and IDR.
func (c Identity) IDF1() float64 { return ratio(float64(2*c.TP), 2*c.TP+c.FP+c.FN) }

// IDP is the part of the tracks' boxes that is right.
func (c Identity) IDP() float64 { return ratio(float64(c.TP), c.TP+c.FP) }

// IDR is the part of the truth's boxes that is found.
func (c Identity) IDR() float64 { return ratio(float64(c.TP), c.TP+c.FN) }

// index numbers the ids of a sequence from 0.
type index struct {
	truth, tracks         map[int]int
	truthTimes, trackTime []float64 // boxes of each
}

func (s Sequence) index() index {
	ids := index{truth: map[int]int{}, tracks: map[int]int{}}
	count := func(known map[int]int, times *[]float64, id int) {
		if _, there := known[id]; !there {
			known[id] = len(known)
			*times = append(*times, 0)
		}
		(*times)[known[id]]++
	}
	for _, f := range s {
		for _, id := range f.Truth {
			count(ids.truth, &ids.truthTimes, id)
		}
		for _, id := range f.Tracks {
			count(ids.tracks, &ids.trackTime, id)
		}
	}
	return ids
}

// at is the place of a pair in a matrix [truth, tracks].
func (x index) at(truth, track int) int { return x.truth[truth]*len(x.tracks) + x.tracks[track] }
