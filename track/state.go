package track

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/siam-go/siam/dataset/mot"
)

// saved is a tracker's state. Settings are not in it: they are given again.
type saved struct {
	Version int           `json:"version"`
	Updates int           `json:"updates"`
	IDs     int           `json:"ids"`
	At      time.Duration `json:"at"`
	Clock   time.Duration `json:"clock"`
	Skipped Skipped       `json:"skipped"`
	Tracks  []savedTrack  `json:"tracks"`
}

type savedTrack struct {
	Track
	Motion, Before filter
	Last, Look     mot.Box
	Streak, Missed int
	Rows           [][]float32
	Next           int
	Sum            float64
}

// Save is all that a tracker knows, as JSON: [Restore] goes on from there as if nothing had been.
func (t *Tracker) Save() ([]byte, error) {
	s := saved{Version: 1, Updates: t.updates, IDs: t.ids, At: t.at, Clock: t.clock, Skipped: t.skipped}
	for _, tr := range t.tracks {
		s.Tracks = append(s.Tracks, savedTrack{*tr, tr.motion, tr.before, tr.last, tr.look, tr.streak, tr.missed, tr.memory.rows, tr.memory.next, tr.memory.sum})
	}
	data, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("track: saving the state: %w", err)
	}
	return data, nil
}

// Restore is a tracker with the state that [Tracker.Save] gave. The settings are those that it had, or others.
func Restore(settings Settings, state []byte) (*Tracker, error) {
	var s saved
	if err := json.Unmarshal(state, &s); err != nil {
		return nil, fmt.Errorf("track: restoring a state: %w", err)
	}
	if s.Version != 1 {
		return nil, fmt.Errorf("track: restoring a state of version %d, want 1: it is of another program", s.Version)
	}
	t := New(settings)
	t.updates, t.ids, t.at, t.clock, t.skipped = s.Updates, s.IDs, s.At, s.Clock, s.Skipped
	for _, one := range s.Tracks {
		tr := one.Track
		tr.motion, tr.before, tr.last, tr.look, tr.streak, tr.missed = one.Motion, one.Before, one.Last, one.Look, one.Streak, one.Missed
		tr.memory = memory{one.Rows, one.Next, one.Sum}
		if !tr.motion.finite() || tr.ID > s.IDs || tr.memory.next < 0 || tr.memory.next > 0 && tr.memory.next >= len(tr.memory.rows) {
			return nil, fmt.Errorf("track: restoring a state: track %d is damaged", tr.ID)
		}
		t.tracks = append(t.tracks, &tr)
	}
	return t, nil
}
