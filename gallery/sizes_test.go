package gallery

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// Rates of smaller galleries are means over all of them.
func TestRatesOfSmallerGalleriesAreMeansOverAllOfThem(t *testing.T) {
	const n = 8
	rng := rand.New(rand.NewPCG(3, 0))
	c := &comparisons{known: n}
	type probe struct {
		trial
		to [n]float32 // distances to all ids
	}
	var probes []probe
	for person := range n + 30 {
		p := probe{trial: trial{person: person, weight: 1, own: far, rejected: far}}
		if person < n {
			c.ids = append(c.ids, string(rune('a'+person)))
		}
		c.people = append(c.people, string(rune('a'+person)))
		for id := range n {
			p.to[id] = rng.Float32()
			if id == person {
				p.own, p.mated = p.to[id]*0.6, 1
			} else {
				p.others = append(p.others, p.to[id])
			}
		}
		slices.Sort(p.others)
		probes = append(probes, p)
		c.trials = append(c.trials, p.trial)
	}
	const match, promise = 0.05, 0.2
	sizes := c.sizes(c.matedTrials(), match, promise)
	if len(sizes) != 3 || sizes[0].IDs != 2 || sizes[2].IDs != 8 {
		t.Fatalf("sizes %+v, want those of 2, 4 and 8 ids", sizes)
	}
	for i := range c.trials {
		c.trials[i].other = c.trials[i].others[0]
	}
	if want := matchThreshold(c.strangersOf("", nil), promise); sizes[2].Match != want {
		t.Errorf("the whole gallery's threshold %v, want %v as it is calibrated", sizes[2].Match, want)
	}
	for _, at := range sizes[:2] {
		var strangers, matched, matchedThere, mates, missed float64
		for set := range 1 << n {
			if bits.OnesCount(uint(set)) != at.IDs {
				continue
			}
			for _, p := range probes {
				nearest := far
				for id := range n {
					if set>>id&1 == 1 && id != p.person {
						nearest = min(nearest, p.to[id])
					}
				}
				if p.person < n && set>>p.person&1 == 1 {
					mates++
					if !(p.own <= at.Match && p.own < nearest) {
						missed++
					}
					continue
				}
				w := 1.
				if p.person < n { // comes as a stranger to fewer galleries than one from outside
					w = float64(n) / float64(n-at.IDs)
				}
				strangers += w
				if nearest <= match {
					matched += w
				}
				if nearest <= at.Match {
					matchedThere += w
				}
			}
		}
		if want := matched / strangers; math.Abs(at.FPIR-want) > 1e-9 {
			t.Errorf("%d ids: FPIR %v, want %v", at.IDs, at.FPIR, want)
		}
		if want := missed / mates; math.Abs(at.FNIR-want) > 1e-9 {
			t.Errorf("%d ids: FNIR %v, want %v", at.IDs, at.FNIR, want)
		}
		people := float64(len(c.people))
		if there := matchedThere / strangers * people; there > promise*(people+1)+1e-6 || there < promise*(people+1)-2 {
			t.Errorf("%d ids: at %v, %v of %v strangers are matched, want a little less than the promise of %v", at.IDs, at.Match, there, people, promise)
		}
	}
}
