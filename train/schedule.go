package train

import "math"

// Schedule gives the factor on every layer's learning rate at a moment of the training.
type Schedule func(at Moment) float64

// Moment is a point of the training, before a step is taken.
type Moment struct {
	Step          int // steps done, from 0
	StepsPerEpoch int
}

// Epoch is the number of full epochs done.
func (m Moment) Epoch() int { return m.Step / max(1, m.StepsPerEpoch) }

// Constant keeps the rate.
func Constant() Schedule {
	return func(Moment) float64 { return 1 }
}

// Decay multiplies the rate by factor after each epoch; Koch et al. 2015 have 0.99.
func Decay(factor float64) Schedule {
	return func(at Moment) float64 { return math.Pow(factor, float64(at.Epoch())) }
}

// Cosine rises linearly over the first warmup steps, then falls along half a cosine to 0 at step total (Loshchilov and
// Hutter 2017).
func Cosine(total, warmup int) Schedule {
	return func(at Moment) float64 {
		if at.Step < warmup {
			return float64(at.Step+1) / float64(warmup)
		}
		return halfCosine(at.Step-warmup, total-warmup)
	}
}

// OneCycle rises from 1/25 to 1 over the first three tenths of total steps and falls to 0 over the rest, both along half a
// cosine (Smith and Topin 2018).
func OneCycle(total int) Schedule {
	const low, rising = 1.0 / 25, 0.3
	return func(at Moment) float64 {
		top := int(rising * float64(total))
		if at.Step < top {
			return 1 - (1-low)*halfCosine(at.Step, top)
		}
		return halfCosine(at.Step-top, total-top)
	}
}

// halfCosine falls from 1 at step 0 to 0 at step total and stays there.
func halfCosine(step, total int) float64 {
	done := min(1, float64(step)/float64(max(1, total)))
	return (1 + math.Cos(math.Pi*done)) / 2
}
