package gallery

import (
	"context"
	"slices"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/internal/parallel"
)

// BurstCalibration is what was learned of several images of one person. Mean distances spread less the more the frames differ, so the
// thresholds of a burst are those of single images and besides
//
//	slack · spread
//
// where spread is the mean distance between the frames, each with itself included: 0 for copies of one image, which is judged like it.
type BurstCalibration struct {
	Slack  float32 `json:"slack"`
	Spread float32 `json:"spread"` // the largest of those learned from: one that is larger counts as this
	FPIR   Rate    `json:"fpir"`   // strangers answered match
	Miss   Rate    `json:"miss"`   // enrolled people answered no match
	FNIR   Rate    `json:"fnir"`   // enrolled people not matched; refer counts as a miss
}

// burstFrames is how many images of a person at most make a burst of a calibration.
const burstFrames = 5

// leastSpread keeps copies of one image from being divided by nothing.
const leastSpread = 1e-6

// raised are the thresholds of a burst.
func (c *Calibration) raised(spread float32) Thresholds {
	t := c.Thresholds
	if b := c.Bursts; b != nil {
		more := b.Slack * min(spread, b.Spread)
		t.Match, t.Refer = t.Match+more, t.Refer+more
	}
	return t
}

// spreadOf is the mean distance between frames, by their weights, which sum to 1.
func spreadOf(frames [][]float32, weight func(int) float64, by distance.Distance) float32 {
	sum := 0.
	for i := range frames {
		for j := range i {
			if w := weight(i) * weight(j); w > 0 {
				sum += 2 * w * float64(by.Of(frames[i], frames[j]))
			}
		}
	}
	return float32(sum)
}

// bursting is what bursts are compared with.
type bursting struct {
	by     distance.Distance
	how    Representation
	probes [][]float32            // of all trials
	rows   map[string][][]float32 // what stands for each id
}

// rowsOf are the vectors of each id.
func rowsOf(v Vectors) map[string][][]float32 {
	of := map[string][][]float32{}
	for i, row := range v.rows() {
		if r := v.Refs[i]; r.Role == Enrolled {
			of[r.ID] = append(of[r.ID], row)
		}
	}
	return of
}

// burst makes trials of the images of people who have several: as strangers, and, where one can be left enrolled, with their own id.
func (c *comparisons) burst(ctx context.Context, b bursting) error {
	of := make([][]int, len(c.people))
	for i, t := range c.trials {
		of[t.person] = append(of[t.person], i)
	}
	strangers, mated := make([]*trial, len(of)), make([]*trial, len(of))
	parallel.Ranges(len(of), func(lo, hi int) {
		for person := lo; person < hi && ctx.Err() == nil; person++ {
			own := of[person]
			if len(own) > 1 {
				strangers[person] = c.burstOf(own[:min(len(own), burstFrames)], nil, b)
			}
			if person < len(c.ids) && len(own) > 2 {
				frames := own[1:min(len(own), burstFrames+1)]
				mated[person] = c.burstOf(frames, slices.Concat(own[:1], own[1+len(frames):]), b)
			}
		}
	})
	for person := range of {
		if t := strangers[person]; t != nil {
			c.bursts = append(c.bursts, *t)
		}
		if t := mated[person]; t != nil {
			c.matedBursts = append(c.matedBursts, *t)
		}
	}
	return ctx.Err()
}

// burstOf is the trial of some images of a person, with others of theirs enrolled, or none. They are given by their trials.
func (c *comparisons) burstOf(images, enrolled []int, b bursting) *trial {
	t := &trial{person: c.trials[images[0]].person, weight: 1, other: far, own: far, rejected: far}
	frames, alone := make([][]float32, len(images)), make([]float32, len(images))
	tried := map[string]bool{}
	for i, image := range images {
		frames[i], alone[i] = b.probes[image], c.trials[image].other
	}
	t.spread = spreadOf(frames, func(int) float64 { return 1 / float64(len(frames)) }, b.by)
	for _, image := range images {
		for _, id := range c.trials[image].nearest {
			if !tried[id] {
				tried[id] = true
				mean, _ := b.distances(frames, b.rows[id])
				t.other = min(t.other, mean)
			}
		}
	}
	if len(enrolled) == 0 {
		return t
	}
	rows := make([][]float32, len(enrolled))
	for i, image := range enrolled {
		rows[i] = b.probes[image]
	}
	if b.how == Mean {
		rows = [][]float32{middle(rows, b.by)}
	}
	mean, each := b.distances(frames, rows)
	for i := range each {
		if each[i] >= alone[i] {
			each[i] = far // the frame shows somebody else
		}
	}
	within := shownWithin(each, frames, b.by)
	slices.Sort(within)
	t.own, t.agreed = mean, within[int(agreement*float64(len(within))+1)-1]
	return t
}

// shownWithin is within which distance each frame shows an id: by its own distance to it, or by being like a frame that shows it.
func shownWithin(own []float32, frames [][]float32, by distance.Distance) []float32 {
	within := slices.Clone(own)
	for i := range frames {
		for j := range frames {
			if own[j] < within[i] {
				within[i] = min(within[i], max(own[j], by.Of(frames[i], frames[j])))
			}
		}
	}
	return within
}

// distances are those of frames to the nearest of some rows, and their mean.
func (b bursting) distances(frames, rows [][]float32) (mean float32, each []float32) {
	each = make([]float32, len(frames))
	for i, frame := range frames {
		each[i] = far
		for _, row := range rows {
			each[i] = min(each[i], b.by.Of(frame, row))
		}
		mean += each[i] / float32(len(frames))
	}
	return mean, each
}

// learnBursts finds the largest slack at which the bursts of strangers are matched as rarely as was promised of single images. It is nil
// where the people who have several images are too few for that: bursts then go by the thresholds of single images.
func (c *comparisons) learnBursts(at Thresholds, groups []string, o CalibrateOptions) *BurstCalibration {
	b := &BurstCalibration{Slack: far}
	var worst []trial
	for _, group := range groups {
		trials := c.asStrangers(c.bursts, group, o.Groups)
		if len(c.ids) < 2 || len(trials) == 0 {
			return nil
		}
		for i, t := range trials {
			b.Spread = max(b.Spread, t.spread)
			trials[i].other = (t.other - at.Match) / max(t.spread, leastSpread) // it is matched from this slack on
		}
		slack := matchThreshold(trials, o.FPIR)
		if tooFew(trials, slack, o.FPIR, group) != nil {
			return nil
		}
		if slack < b.Slack {
			b.Slack, worst = slack, trials
		}
	}
	raised := func(t trial) Thresholds { return (&Calibration{Thresholds: at, Bursts: b}).raised(t.spread) }
	b.FPIR = rate(worst, o.FPIR, func(t trial) float64 { return t.matched(b.Slack) })
	b.Miss = rate(c.matedBursts, 0, func(t trial) float64 { return truth(t.any() > raised(t).Refer) })
	b.FNIR = rate(c.matedBursts, 0, func(t trial) float64 {
		return max(t.missed(raised(t).Match), truth(t.agreed > raised(t).Refer))
	})
	return b
}
