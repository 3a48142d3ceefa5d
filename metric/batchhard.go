package metric

import . "github.com/gomlx/gomlx/core/graph"

// The miners of this file leave each anchor one positive and one negative.

// BatchHard keeps each anchor's farthest positive and nearest negative (Hermans et al. 2017, equation 5).
func BatchHard() Miner {
	return Miner{Name: "batch_hard", pick: func(p Pairs) Pairs {
		distances := StopGradient(p.Distances)
		p.Same = farthest(distances, p.Same)
		p.Different = nearest(distances, p.Different)
		p.single = true
		return p
	}}
}

// BatchSemiHard keeps each anchor's farthest positive, and the nearest negative that is farther than it; where no negative
// is, the farthest negative.
func BatchSemiHard() Miner {
	return Miner{Name: "batch_semi_hard", pick: func(p Pairs) Pairs {
		distances := StopGradient(p.Distances)
		p.Same = farthest(distances, p.Same)
		positive := InsertAxes(sums(masked(p.Same, distances)), 1)
		beyond := LogicalAnd(p.Different, GreaterThan(distances, positive))
		some := BroadcastToShape(InsertAxes(anyOf(beyond), 1), beyond.Shape())
		p.Different = Where(some, nearest(distances, beyond), farthest(distances, p.Different))
		p.single = true
		return p
	}}
}

// EasyPositive keeps each anchor's nearest positive and nearest negative (Xuan, Stylianou and Pless 2020): "easy positive,
// hard negative". Classes with several modes need not be pulled into one.
func EasyPositive() Miner {
	return Miner{Name: "easy_positive", pick: func(p Pairs) Pairs {
		distances := StopGradient(p.Distances)
		p.Same = nearest(distances, p.Same)
		p.Different = nearest(distances, p.Different)
		p.single = true
		return p
	}}
}
