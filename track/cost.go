package track

import "math"

// Cost is how little a track and a detection go together. +Inf forbids the pair; a gate says how much is too much.
type Cost func(p *Pairing) float64

// Pairing is a track and a detection that may be paired.
type Pairing struct {
	Track     *Track
	Detection *Detection
	Steps     float64 // since the track was seen, in [Settings.Frame]s
	motion    *Motion
	index     int  // of the detection
	blind     bool // looks are not known
	// embeddings of all detections
	embeddings [][]float32
}

// unknown is a distance that was not looked at yet.
const unknown = -1

// IoU is 1 − IoU of the detection with where the track is believed to be.
func IoU(p *Pairing) float64 {
	a, b := p.Track.Box, p.Detection.Box
	if a.X >= b.X+b.W || b.X >= a.X+a.W || a.Y >= b.Y+b.H || b.Y >= a.Y+a.H {
		return 1
	}
	return 1 - a.IoU(b)
}

// IoUScore is 1 − IoU · score of the detection (ByteTrack).
func IoUScore(p *Pairing) float64 { return 1 - (1-IoU(p))*p.Detection.Score }

// Mahalanobis is the squared distance in deviations of the Kalman filter.
func (p *Pairing) Mahalanobis() float64 { return p.motion.far(&p.Track.motion, p.Detection.Box) }

// Looks is the distance of the detection's embedding from the track's nearest, in [0, 2]; unknown where one of both has none.
func (p *Pairing) Looks() (distance float64, known bool) {
	if len(p.Track.compared) == 0 || p.blind {
		return 0, false
	}
	d := &p.Track.compared[p.index]
	if *d == unknown {
		*d = p.Track.memory.distance(p.embeddings[p.index])
	}
	return *d, !math.IsNaN(*d)
}

// Appearance is the distance of the embeddings of pairs whose squared Mahalanobis distance is at most gate; without embeddings it is a
// quarter of 1 − IoU, so that motion decides.
func Appearance(gate float64) Cost {
	return func(p *Pairing) float64 {
		if p.Mahalanobis() > gate {
			return math.Inf(1)
		}
		if d, known := p.Looks(); known {
			return d
		}
		return IoU(p) / 4
	}
}
