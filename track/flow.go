package track

import "github.com/siam-go/siam/assign"

// Network is what all detections of a video may be to each other, as costs: a track costs its entry, its detections, the links between
// them and its exit, and the tracks that cost least in all are looked for (L. Zhang, Y. Li, R. Nevatia, "Global data association for multi-object
// tracking using network flows", 2008; the linear program of L. Leal-Taixé et al., "Learning by tracking", 2016).
type Network struct {
	Cost        []float64 // of each detection; below 0 where it is more likely right than wrong
	Enter, Exit float64   // of a track
	Links       []Link    // at most one from one detection to another
}

// Link says that the detection To may be the next of a track after From, which has a lower number.
type Link struct {
	From, To int
	Cost     float64
}

// Solve returns the tracks that cost least in all, each a list of rising detections, and what they cost: the optimum of the linear program, which
// is whole by itself. It is found as an assignment of each detection to the one after it, by successive shortest paths ([assign.Solver]): a
// detection that goes with itself is in no track, and one that goes with none is the last of its own. With E = Enter + Exit,
//
//	Σ over tracks = Σ over all (Cost_i + E) + Σ over pairs of a detection with itself −(Cost_i + E), with the next (Cost of the link − E)
//
// It panics where a link leads back.
func (n Network) Solve() (tracks [][]int, cost float64) {
	after := n.after()
	tracks = [][]int{}
	begins := make([]bool, len(n.Cost))
	for i := range begins {
		begins[i] = after[i] != i
	}
	for i, next := range after {
		if next >= 0 && next != i {
			begins[next] = false
		}
	}
	for i, first := range begins {
		if !first {
			continue
		}
		one := []int{i}
		for next := after[i]; next >= 0; next = after[next] {
			one = append(one, next)
		}
		tracks = append(tracks, one)
	}
	return tracks, n.cost(after, len(tracks))
}

// after is the detection after each in its track: -1 at a track's end, and itself where it is in none.
func (n Network) after() []int {
	links := make([][]Link, len(n.Cost))
	for _, l := range n.Links {
		if l.From >= l.To {
			panic("track: a link leads back in time")
		}
		links[l.From] = append(links[l.From], l)
	}
	both := n.Enter + n.Exit
	var solver assign.Solver
	solver.Begin(len(n.Cost), len(n.Cost), 0)
	for i, c := range n.Cost {
		solver.Offer(i, -c-both)
		for _, l := range links[i] {
			solver.Offer(l.To, l.Cost-both)
		}
		solver.EndRow()
	}
	return solver.End()
}

func (n Network) cost(after []int, tracks int) float64 {
	sum := float64(tracks) * (n.Enter + n.Exit)
	for i, next := range after {
		if next != i {
			sum += n.Cost[i]
		}
	}
	for _, l := range n.Links {
		if after[l.From] == l.To {
			sum += l.Cost
		}
	}
	return sum
}
