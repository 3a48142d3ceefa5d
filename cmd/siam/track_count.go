package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/track"
)

// placesCounted is what is counted in the picture, as flags say it: NAME=X,Y,X,Y,…
type placesCounted struct {
	lines []track.Line
	zones []track.Zone
}

// counting reads --line and --zone.
func (f trackFlags) counting() (c placesCounted, err error) {
	taken := map[string]bool{}
	for _, text := range f.lines {
		name, points, err := placed(text)
		if err != nil || len(points) != 2 {
			return c, usagef("--line %s: want NAME=X,Y,X,Y: two points, in pixels", text)
		}
		if points[0] == points[1] {
			return c, usagef("--line %s: its two points are one", text)
		}
		if taken[name] {
			return c, usagef("--line %s: there is another of that name", text)
		}
		taken[name] = true
		c.lines = append(c.lines, track.Line{Name: name, From: points[0], To: points[1]})
	}
	clear(taken)
	for _, text := range f.zones {
		name, points, err := placed(text)
		if err != nil || len(points) < 3 {
			return c, usagef("--zone %s: want NAME=X,Y,X,Y,X,Y: three corners or more, in pixels", text)
		}
		zone := track.Zone{Name: name, Corners: points}
		if zone.Area() == 0 {
			return c, usagef("--zone %s: it has no area", text)
		}
		if taken[name] {
			return c, usagef("--zone %s: there is another of that name", text)
		}
		taken[name] = true
		c.zones = append(c.zones, zone)
	}
	return c, nil
}

// placed reads a name and points.
func placed(text string) (name string, points []track.Point, err error) {
	name, list, found := strings.Cut(text, "=")
	fields := strings.Split(list, ",")
	if !found || name == "" || len(fields)%2 != 0 {
		return "", nil, fmt.Errorf("want a name and pairs of numbers")
	}
	numbers := make([]float64, len(fields))
	for i, field := range fields {
		if numbers[i], err = strconv.ParseFloat(strings.TrimSpace(field), 64); err != nil || math.IsNaN(numbers[i]) || math.Abs(numbers[i]) > 1e9 {
			return "", nil, fmt.Errorf("%s is no number of pixels", field)
		}
	}
	for i := 0; i < len(numbers); i += 2 {
		points = append(points, track.Point{X: numbers[i], Y: numbers[i+1]})
	}
	return name, points, nil
}

// of counts in the rows of tracks.
func (c placesCounted) of(rows []mot.Row, rate float64) (lines []track.Crossings, zones []track.Visits) {
	for _, l := range c.lines {
		lines = append(lines, l.Count(rows))
	}
	for _, z := range c.zones {
		zones = append(zones, z.Visits(rows, rate))
	}
	return lines, zones
}

// countText is what was counted, a line each.
func countText(lines []track.Crossings, zones []track.Visits) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "line %s: %d forward, %d back\n", l.Name, l.Forward, l.Back)
	}
	for _, z := range zones {
		fmt.Fprintf(&b, "zone %s: %d people in %d visits, %d at once at most, %.1f s on average, %.1f s the longest\n", z.Name, z.People, len(z.Visits), z.Most, z.Mean, z.Longest)
	}
	return b.String()
}
