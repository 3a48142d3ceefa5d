package track

import (
	"cmp"
	"math"
	"slices"

	"github.com/siam-go/siam/dataset/mot"
)

// Point is a place in the picture, in pixels from its left and top.
type Point struct{ X, Y float64 }

// feet is where a box stands: the middle of its lower side.
func feet(b mot.Box) Point { return Point{b.X + b.W/2, b.Y + b.H} }

// Line is a line in the picture that tracks may cross. Who goes from its left to its right, as seen from its first point towards the second, goes
// forward.
type Line struct {
	Name     string
	From, To Point
}

// Crossings are how many times a line was crossed.
type Crossings struct {
	Name    string `json:"name"`
	Forward int    `json:"forward"`
	Back    int    `json:"back"`
}

// right reports whether p is on the right of the way from a to b, or on it; y points down.
func right(a, b, p Point) bool { return (b.X-a.X)*(p.Y-a.Y)-(b.Y-a.Y)*(p.X-a.X) >= 0 }

// Count counts how often the feet of tracks cross the line, from each box to the next of its id. Rows are in the order of frames.
func (l Line) Count(rows []mot.Row) Crossings {
	c := Crossings{Name: l.Name}
	last := map[int]Point{}
	for _, r := range rows {
		now := feet(r.Box)
		before, known := last[r.ID]
		last[r.ID] = now
		if !known || right(l.From, l.To, before) == right(l.From, l.To, now) || right(before, now, l.From) == right(before, now, l.To) {
			continue
		}
		if right(l.From, l.To, now) {
			c.Forward++
		} else {
			c.Back++
		}
	}
	return c
}

// Zone is a part of the picture: a polygon.
type Zone struct {
	Name    string
	Corners []Point // three or more
}

// Visits are who was in a zone, and when.
type Visits struct {
	Name    string  `json:"name"`
	People  int     `json:"people"` // different ids
	Most    int     `json:"most"`   // at once
	Mean    float64 `json:"mean_seconds"`
	Longest float64 `json:"longest_seconds"`
	Visits  []Visit `json:"visits"`
}

// Visit is one stay in a zone.
type Visit struct {
	ID    int     `json:"id"`
	First int     `json:"first_frame"`
	Last  int     `json:"last_frame"`
	Stay  float64 `json:"seconds"`
}

// contains reports whether a point is in the zone: a ray from it crosses the sides an odd number of times.
func (z Zone) contains(p Point) bool {
	in := false
	for i, a := range z.Corners {
		b := z.Corners[(i+1)%len(z.Corners)]
		if (a.Y > p.Y) != (b.Y > p.Y) && p.X < a.X+(b.X-a.X)*(p.Y-a.Y)/(b.Y-a.Y) {
			in = !in
		}
	}
	return in
}

// Area is how large the zone is, in square pixels.
func (z Zone) Area() float64 {
	sum := 0.0
	for i, a := range z.Corners {
		b := z.Corners[(i+1)%len(z.Corners)]
		sum += a.X*b.Y - b.X*a.Y
	}
	return math.Abs(sum) / 2
}

// away is for how many seconds one may leave a zone, or be out of sight, and the visit goes on.
const away = 1

// Visits lists whose feet were in the zone and for how long, at rate frames a second. Rows are in the order of frames.
func (z Zone) Visits(rows []mot.Row, rate float64) Visits {
	v := Visits{Name: z.Name, Visits: []Visit{}}
	at, inside := map[int]int{}, map[int]int{} // the latest visit of each id; how many are in at each frame
	for _, r := range rows {
		if !z.contains(feet(r.Box)) {
			continue
		}
		inside[r.Frame]++
		v.Most = max(v.Most, inside[r.Frame])
		i, known := at[r.ID]
		if !known || float64(r.Frame-v.Visits[i].Last) > away*rate+1 {
			i = len(v.Visits)
			v.Visits = append(v.Visits, Visit{ID: r.ID, First: r.Frame})
			at[r.ID] = i
		}
		one := &v.Visits[i]
		one.Last = r.Frame
		one.Stay = float64(one.Last-one.First+1) / rate
	}
	v.People = len(at)
	for _, one := range v.Visits {
		v.Mean += one.Stay / float64(len(v.Visits))
		v.Longest = max(v.Longest, one.Stay)
	}
	slices.SortStableFunc(v.Visits, func(a, b Visit) int { return cmp.Compare(a.First, b.First) })
	return v
}
