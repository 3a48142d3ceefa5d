package track

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAcrossCamerasTheAlikeAreOne(t *testing.T) {
	far := func(a, b []float32) float64 { return math.Abs(float64(a[0] - b[0])) }
	at := func(camera, first, last int, look float32) Sighting {
		return Sighting{camera, time.Duration(first) * time.Second, time.Duration(last) * time.Second, []float32{look}}
	}
	for name, c := range map[string]struct {
		sightings []Sighting
		want      []int
	}{
		"nobody":                       {nil, []int{}},
		"two cameras":                  {[]Sighting{at(0, 0, 9, 1), at(0, 0, 9, 5), at(1, 3, 5, 5.1), at(1, 3, 5, 0.9)}, []int{1, 2, 2, 1}},
		"gone and back":                {[]Sighting{at(0, 0, 3, 1), at(0, 5, 9, 1.2)}, []int{1, 1}},
		"at one time before a camera":  {[]Sighting{at(0, 0, 5, 1), at(0, 5, 9, 1)}, []int{1, 2}},
		"not by way of another camera": {[]Sighting{at(0, 0, 9, 1), at(0, 0, 9, 1.1), at(1, 0, 9, 1.02)}, []int{1, 2, 1}},
		"not alike":                    {[]Sighting{at(0, 0, 5, 1), at(1, 0, 5, 2)}, []int{1, 2}},
		"a chain ends where its ends are too far": {[]Sighting{at(0, 0, 1, 0), at(1, 0, 1, 0.4), at(2, 0, 1, 0.9)}, []int{1, 1, 2}},
		"nobody looked": {[]Sighting{{Camera: 0}, {Camera: 1}}, []int{1, 2}},
	} {
		if diff := cmp.Diff(c.want, Across(c.sightings, 0.5, far)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
