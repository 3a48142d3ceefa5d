package track

import "time"

// Sighting is a track of one camera: from when until when it was there, and what it looked like.
type Sighting struct {
	Camera      int
	First, Last time.Duration
	Look        []float32 // embedding; nil for a track that nobody looked at
}

// together reports whether two sightings are of one camera at one time, and so of two objects.
func (s Sighting) together(other Sighting) bool {
	return s.Camera == other.Camera && s.First <= other.Last && other.First <= s.Last
}

// Across tells which sightings are of one object, whatever camera saw it and when: it joins the groups that look most alike first, as long as the mean
// distance between their members is at most limit, and no two of them were before one camera at one time. It returns the number of each
// sighting's object, from 1 in the order of the sightings.
func Across(sightings []Sighting, limit float64, distance func(a, b []float32) float64) []int {
	g := grouping{of: make([]int, len(sightings)), size: make([]float64, len(sightings)), far: make([][]float64, len(sightings))}
	for i, a := range sightings {
		g.of[i], g.size[i], g.far[i] = i, 1, make([]float64, len(sightings))
		for j, b := range sightings[:i] {
			d := forbidden
			if a.Look != nil && b.Look != nil && !a.together(b) {
				d = distance(a.Look, b.Look)
			}
			g.far[i][j], g.far[j][i] = d, d
		}
	}
	for {
		a, b := g.nearest()
		if b < 0 || !(g.far[a][b] <= limit) {
			return g.numbers()
		}
		g.join(a, b)
	}
}

// forbidden is the distance of those that are never joined.
const forbidden = 1e300

// grouping is groups of sightings, each called by the first of its members.
type grouping struct {
	of   []int       // group of each sighting
	size []float64   // members of each group, 0 for none
	far  [][]float64 // mean distances of groups
}

// nearest are the two groups that are most alike, the lower number first; b is -1 where there is one group only.
func (g grouping) nearest() (a, b int) {
	a, b = 0, -1
	for i := range g.far {
		for j := range i {
			if g.size[i] > 0 && g.size[j] > 0 && (b < 0 || g.far[j][i] < g.far[a][b]) {
				a, b = j, i
			}
		}
	}
	return a, b
}

// join puts group b into a.
func (g grouping) join(a, b int) {
	n := g.size[a] + g.size[b]
	for k := range g.far {
		mean := (g.size[a]*g.far[a][k] + g.size[b]*g.far[b][k]) / n
		if max(g.far[a][k], g.far[b][k]) >= forbidden/2 {
			mean = forbidden
		}
		g.far[a][k], g.far[k][a] = mean, mean
	}
	g.size[a], g.size[b] = n, 0
	for i, group := range g.of {
		if group == b {
			g.of[i] = a
		}
	}
}

// numbers counts the groups in the order of their first members.
func (g grouping) numbers() []int {
	number, known := make([]int, len(g.of)), map[int]int{}
	for i, group := range g.of {
		if known[group] == 0 {
			known[group] = len(known) + 1
		}
		number[i] = known[group]
	}
	return number
}
