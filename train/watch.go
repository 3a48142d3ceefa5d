package train

import (
	"fmt"
	"math"
)

// Watch says how a training looks out for collapse: an encoder that gives nearly the same embedding to every image, and so
// learns nothing more.
type Watch struct {
	// Off trains on regardless.
	Off bool
	// Window is how many steps have to look bad; 0 means 100.
	Window int
}

// watcher keeps what the watch has seen. All fields are saved in a checkpoint.
type watcher struct {
	Seen   []sight `json:"seen"`    // the last steps, at most a window
	Widest float64 `json:"widest"`  // the largest mean distance of any full window
	Told   bool    `json:"told"`    // that nothing is active any more
	Backs  int     `json:"backs"`   // how often the training has stepped back
	GaveUp bool    `json:"gave_up"` // stepping back is used up
}

// sight is what a step shows.
type sight struct {
	Typical, Active, Mean, Spread float64
}

const (
	defaultWindow = 100
	maxBacks      = 3
	narrow        = 0.01 // of the widest mean distance
	atChance      = 0.02 // relative distance of the loss from that of a collapsed encoder
)

func (w Watch) window() int {
	if w.Window == 0 {
		return defaultWindow
	}
	return w.Window
}

// observe adds a step and returns why the training looks collapsed, "" while it does not. collapsed is the objective's
// typical value when all embeddings are equal, 0 if unknown.
func (s *watcher) observe(step sight, window int, collapsed float64) string {
	s.Seen = append(s.Seen, step)
	if len(s.Seen) < window {
		return ""
	}
	s.Seen = s.Seen[len(s.Seen)-window:]
	before, now := average(s.Seen[:window/2]), average(s.Seen[window/2:])
	s.Widest = max(s.Widest, now.Mean)
	point := narrow * max(s.Widest, collapsed) // all distances below this make one point
	switch {
	case now.Mean < point && now.Spread < point:
		return fmt.Sprintf("the encoder gives nearly the same embedding to every image: the mean distance is %.2g, at most it was %.2g", now.Mean, s.Widest)
	case s.stuck(before, now, collapsed):
		return fmt.Sprintf("the loss stays at %.4g, where it is when every image has the same embedding, and does not fall", collapsed)
	}
	return ""
}

// stuck reports that all of the window is at the loss of a collapsed encoder, and its second half is no better than its
// first.
func (s *watcher) stuck(before, now sight, collapsed float64) bool {
	if collapsed == 0 {
		return false
	}
	for _, step := range s.Seen {
		if math.Abs(step.Typical/collapsed-1) > atChance {
			return false
		}
	}
	return now.Typical > 0.998*before.Typical && now.Mean <= 1.1*before.Mean
}

// idle reports, once, that no tuple of a whole window has been active.
func (s *watcher) idle(window int) bool {
	if s.Told || len(s.Seen) < window {
		return false
	}
	s.Told = average(s.Seen).Active == 0
	return s.Told
}

func average(steps []sight) sight {
	var sum sight
	n := float64(max(1, len(steps)))
	for _, s := range steps {
		sum.Typical += s.Typical / n
		sum.Active += s.Active / n
		sum.Mean += s.Mean / n
		sum.Spread += s.Spread / n
	}
	return sum
}
