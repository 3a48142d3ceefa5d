package metric

import . "github.com/gomlx/gomlx/core/graph"

// The miners of this file leave each anchor one positive and one negative.

// BatchHard keeps each anchor's farthest positive and nearest negative (Hermans et al. 2017, equation 5).
func BatchHard() Miner {
	return Miner{Name: "batch_hard", Pick: func(p Pairs) Pairs {
		distances := StopGradient(p.Distances)
		p.Same = Farthest(distances, p.Same)
		p.Different = Nearest(distances, p.Different)
		p.Single = true
		return p
	}}
}

// BatchSemiHard keeps each anchor's farthest positive, and the nearest negative that is farther than it; where no negative
// is, the farthest negative.
func BatchSemiHard() Miner {
	return Miner{Name: "batch_semi_hard", Pick: func(p Pairs) Pairs {
		distances := StopGradient(p.Distances)
		p.Same = Farthest(distances, p.Same)
		positive := InsertAxes(sums(Masked(p.Same, distances)), 1)
		beyond := LogicalAnd(p.Different, GreaterThan(distances, positive))
		some := BroadcastToShape(InsertAxes(AnyOf(beyond), 1), beyond.Shape())
		p.Different = Where(some, Nearest(distances, beyond), Farthest(distances, p.Different))
		p.Single = true
		return p
	}}
}

// EasyPositive keeps each anchor's nearest positive and nearest negative (Xuan, Stylianou and Pless 2020): "easy positive,
// hard negative". Classes with several modes need not be pulled into one.
func EasyPositive() Miner {
	return Miner{Name: "easy_positive", Pick: func(p Pairs) Pairs {
		distances := StopGradient(p.Distances)
		p.Same = Nearest(distances, p.Same)
		p.Different = Nearest(distances, p.Different)
		p.Single = true
		return p
	}}
}
