package gallery

import (
	"context"
	"math"

	"github.com/siam-go/siam/distance"
)

// Person is somebody who is not enrolled, by whose images a calibration learns.
type Person struct {
	Name       string
	Embeddings [][]float32
}

// trial is one image that was compared with the gallery as if it came as a probe, its own entry being left out.
type trial struct {
	person   int       // whose image; numbers of enrolled ids come first
	key      string    // of a rejected stranger's entry; empty for others
	weight   float64   // 1 over the images of the person
	nearest  []string  // the nearest ids other than its own, up to burstCandidates, nearest first
	other    float32   // distance to the first; +Inf without
	others   []float32 // distances to the nearest such ids, up to listed, nearest first
	own      float32   // distance to its own id by its other images; +Inf without
	mated    float64   // its weight as a probe of its own id
	rejected float32   // distance to the nearest rejected stranger; +Inf without
	spread   float32   // of the frames, where the trial is a burst
	agreed   float32   // within which two thirds of the frames show their own id, where the trial is a burst
}

// comparisons are all trials of a gallery and of strangers.
type comparisons struct {
	ids         []string // of the enrolled people
	people      []string // names: ids, and then strangers
	trials      []trial  // of the enrolled, and then of strangers
	singles     []trial  // of pairs of images of one person, as if the other were the only one enrolled
	bursts      []trial  // of people with several images, as strangers
	matedBursts []trial  // of enrolled people with three or more, the first being enrolled and the next ones the burst
	known       int      // trials of the enrolled
	rejects     int      // people without a name who were rejected before
}

var far = float32(math.Inf(1))

// listed is how many ids near an image are looked at: NIST's candidate lists are as long.
const listed = 50

// compare compares the images of a gallery with each other, and those of strangers with the gallery.
func compare(ctx context.Context, v Vectors, how Representation, by distance.Distance, strangers []Person) (*comparisons, error) {
	c := &comparisons{}
	images, numbers := map[string][][]float32{}, map[string]int{}
	rows := v.rows()
	for i, r := range v.Refs {
		if r.Role != Enrolled {
			continue
		}
		if _, known := numbers[r.ID]; !known {
			numbers[r.ID] = len(c.ids)
			c.ids = append(c.ids, r.ID)
		}
		images[r.ID] = append(images[r.ID], rows[i])
	}
	c.people = append(c.people, c.ids...)
	all, err := newSearchable(Represent(v, how, by), by)
	if err != nil {
		return nil, err
	}
	for i, r := range v.Refs {
		if r.Role == Enrolled {
			own := images[r.ID]
			c.trials = append(c.trials, trial{person: numbers[r.ID], weight: 1 / float64(len(own)), own: ownDistance(rows[i], own, how, by)})
		}
	}
	c.known = len(c.trials)
	var probes [][]float32
	for i, r := range v.Refs {
		if r.Role == Enrolled {
			probes = append(probes, rows[i])
		}
	}
	for i, r := range v.Refs { // a rejected stranger is a person of its own
		if r.Role == Stranger {
			c.rejects++
			c.trials = append(c.trials, trial{person: len(c.people), key: r.Key, weight: 1, own: far})
			c.people, probes = append(c.people, "stranger "+r.Key[:12]), append(probes, rows[i])
		}
	}
	for _, p := range strangers {
		for _, e := range p.Embeddings {
			c.trials = append(c.trials, trial{person: len(c.people), weight: 1 / float64(len(p.Embeddings)), own: far})
			probes = append(probes, e)
		}
		c.people = append(c.people, p.Name)
	}
	if err := c.fill(ctx, all, probes); err != nil {
		return nil, err
	}
	c.pair(images, v, by)
	return c, c.burst(ctx, bursting{by, how, probes, rowsOf(all.Vectors)})
}

// pair makes the trials of single images. People who have one image only come as probes without another, so that those who have several
// stand for them: the weights of both kinds of trials are those that the gallery has people of both kinds.
func (c *comparisons) pair(images map[string][][]float32, v Vectors, by distance.Distance) {
	alone := 0.
	for _, own := range images {
		if len(own) == 1 {
			alone++
		}
	}
	share := alone / max(float64(len(images)), 1)
	at, rows := 0, v.rows()
	for i, r := range v.Refs {
		if r.Role != Enrolled {
			continue
		}
		t, own := &c.trials[at], images[r.ID]
		at++
		t.mated = t.weight * (1 - share)
		for _, other := range own {
			if share > 0 && &other[0] != &rows[i][0] {
				single := *t
				single.own, single.mated = by.Of(rows[i], other), t.weight*share/float64(len(own)-1)
				c.singles = append(c.singles, single)
			}
		}
	}
}

// ownDistance is the distance of an image to its own id by the other images of it.
func ownDistance(image []float32, own [][]float32, how Representation, by distance.Distance) float32 {
	var rest [][]float32
	for _, other := range own {
		if &other[0] != &image[0] {
			rest = append(rest, other)
		}
	}
	if len(rest) == 0 {
		return far
	}
	if how == Mean {
		rest = [][]float32{middle(rest, by)}
	}
	nearest := far
	for _, other := range rest {
		nearest = min(nearest, by.Of(image, other))
	}
	return nearest
}

// fill finds for each trial the nearest other id and the nearest rejected stranger.
func (c *comparisons) fill(ctx context.Context, s *searchable, probes [][]float32) error {
	if len(s.Refs) == 0 {
		return nil
	}
	most, of := 0, map[string]int{}
	for _, r := range s.Refs {
		of[r.ID]++
		most = max(most, of[r.ID])
	}
	each := len(s.Refs)/max(len(c.ids), 1) + 1
	lists, err := s.nearest(ctx, min(most+1+c.rejects+listed*each, len(s.Refs)), probes)
	if err != nil {
		return err
	}
	for i, list := range lists {
		t := &c.trials[i]
		t.other, t.rejected = far, far
		seen := map[string]bool{}
		if t.person < len(c.ids) {
			seen[c.ids[t.person]] = true
		}
		for _, n := range list {
			switch r := n.Ref; {
			case r.Key == t.key: // itself
			case r.Role == Stranger:
				t.rejected = min(t.rejected, n.Distance)
			case !seen[r.ID] && len(t.others) < listed:
				seen[r.ID] = true
				t.others = append(t.others, n.Distance)
				t.other = t.others[0]
				if len(t.nearest) < burstCandidates {
					t.nearest = append(t.nearest, r.ID)
				}
			}
		}
	}
	return nil
}
