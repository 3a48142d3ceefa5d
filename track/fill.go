package track

import (
	"cmp"
	"math"
	"slices"

	"github.com/siam-go/siam/dataset/mot"
)

// fill is a track's rows: gaps up to [Offline.Fill] are filled along straight lines, and each box is averaged with those around it.
func (o Offline) fill(t []seen, frames []Frame, id int) []mot.Row {
	var rows []mot.Row
	add := func(f int, at float64, d *Detection) {
		rows = append(rows, mot.Row{Frame: frames[f].Number, ID: id, Box: o.smooth(t, at), Score: d.Score})
	}
	for k, d := range t {
		if k > 0 && d.at-t[k-1].at <= o.Fill+1e-9 {
			for f := t[k-1].frame + 1; f < d.frame; f++ {
				add(f, frames[f].At.Seconds(), d.Detection)
			}
		}
		add(d.frame, d.at, d.Detection)
	}
	return rows
}

// smooth is where a track is at a time: a straight line through its boxes, weighted by nearness in time and score (W. S. Cleveland, "Robust locally
// weighted regression", 1979).
func (o Offline) smooth(t []seen, at float64) mot.Box {
	window := max(o.Smooth, 1e-3)
	if before, after, gap := around(t, at); gap > 2*window {
		part := (at - before.at) / gap
		if before.at == at {
			part = 0
		}
		return mot.Box{X: mix(before.Box.X, after.Box.X, part), Y: mix(before.Box.Y, after.Box.Y, part),
			W: mix(before.Box.W, after.Box.W, part), H: mix(before.Box.H, after.Box.H, part)}
	}
	var sw, st, stt float64
	var sv, stv [4]float64
	for _, d := range t[since(t, at-4*window):] {
		s := d.at - at
		if s > 4*window {
			break
		}
		w := math.Exp(-s*s/(2*window*window)) * (0.05 + d.score)
		sw, st, stt = sw+w, st+w*s, stt+w*s*s
		for i, v := range WidthHeight.of(d.Box) {
			sv[i] += w * v
			stv[i] += w * s * v
		}
	}
	det := sw*stt - st*st + 1e-6*sw*sw
	var z [4]float64
	for i := range z {
		z[i] = (sv[i]*(stt+1e-6*sw) - st*stv[i]) / det
	}
	return WidthHeight.box(z)
}

// since is the index of a track's first detection that is not before a time.
func since(t []seen, at float64) int {
	k, _ := slices.BinarySearchFunc(t, at, func(d seen, at float64) int { return cmp.Compare(d.at, at) })
	return k
}

// around are a track's detections before and after a time, and the seconds between; the gap is 0 at a detection.
func around(t []seen, at float64) (before, after seen, gap float64) {
	k := since(t, at)
	if k == len(t) {
		return t[k-1], t[k-1], 0
	}
	if k == 0 || t[k].at == at {
		return t[k], t[k], 0
	}
	return t[k-1], t[k], t[k].at - t[k-1].at
}
