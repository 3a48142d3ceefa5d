package track

// miss changes the states of tracks that are not seen, and of those that are.
func (t *Tracker) miss() {
	for _, tr := range t.tracks {
		switch {
		case tr.Detection >= 0 && tr.State == Lost, tr.Detection >= 0 && tr.State == Tentative && t.believed(tr) && t.room():
			tr.State = Confirmed
		case tr.Detection < 0 && tr.State == Confirmed:
			tr.State = Lost
		}
	}
}

// believed reports whether a tentative track has seen enough.
func (t *Tracker) believed(tr *Track) bool {
	s := &t.settings
	return t.updates <= s.Early || tr.Hits >= s.Confirm && tr.memory.sum >= s.Sum
}

// room reports whether there may be one more object.
func (t *Tracker) room() bool {
	if t.settings.MaxIdentities <= 0 {
		return true
	}
	believed := 0
	for _, tr := range t.tracks {
		if tr.State != Tentative {
			believed++
		}
	}
	return believed < t.settings.MaxIdentities
}

// create begins tracks with the detections that are left.
func (t *Tracker) create(detections []Detection, usable []int) {
	for _, i := range usable {
		d := &detections[i]
		if !t.free[i] || d.Score < t.settings.Create || t.crowded(d) {
			continue
		}
		if !t.room() {
			t.again(i, d)
			continue
		}
		tr := &Track{State: Tentative, Score: d.Score, Detection: i, Hits: 1, Born: t.at, Seen: t.at}
		tr.motion = t.settings.Motion.start(d.Box)
		tr.before, tr.last, tr.look, tr.Box, tr.predicted = tr.motion, d.Box, d.Box, d.Box, d.Box
		tr.memory.sum = d.Score
		if e := t.embeddings[i]; e != nil {
			tr.memory.keep(e, t.settings.Memory.Size)
		}
		if t.believed(tr) {
			tr.State = Confirmed
		}
		t.tracks = append(t.tracks, tr)
	}
}

// crowded reports whether a detection is on a track that has another.
func (t *Tracker) crowded(d *Detection) bool {
	if t.settings.Crowded <= 0 {
		return false
	}
	for _, tr := range t.tracks {
		if tr.State != Tentative && !t.dormant(tr) && covers(tr.Box, d.Box, t.settings.Crowded) {
			return true
		}
	}
	return false
}

// again gives a detection to the lost track that is nearest to it, where there cannot be another object.
func (t *Tracker) again(index int, d *Detection) {
	var nearest *Track
	least := 0.0
	for _, tr := range t.tracks {
		if tr.State != Lost {
			continue
		}
		far := sq(tr.Box.X+tr.Box.W/2-d.Box.X-d.Box.W/2) + sq(tr.Box.Y+tr.Box.H/2-d.Box.Y-d.Box.H/2)
		if nearest == nil || far < least {
			nearest, least = tr, far
		}
	}
	if nearest != nil {
		t.hit(nearest, index, d)
		nearest.State = Confirmed
	}
}

// end takes out the tracks whose time is over.
func (t *Tracker) end() {
	left := t.tracks[:0]
	for _, tr := range t.tracks {
		keep := t.settings.Lost
		switch {
		case tr.State == Tentative:
			keep = t.settings.Tentative
		case len(tr.memory.rows) > 0:
			keep += t.settings.Recall
		}
		forever := t.settings.MaxIdentities > 0 && tr.State == Lost
		if tr.Detection < 0 && t.unseen(tr) > keep && !forever || t.merged(tr) {
			tr.State = Removed
			continue
		}
		left = append(left, tr)
	}
	clear(t.tracks[len(left):])
	t.tracks = left
}

// dormant reports whether a track's time is over and it is only remembered.
func (t *Tracker) dormant(tr *Track) bool {
	return t.settings.Recall > 0 && tr.State == Lost && t.unseen(tr) > t.settings.Lost
}

// merged reports whether a lost track is where another, older one is seen.
func (t *Tracker) merged(tr *Track) bool {
	if t.settings.Merge <= 0 || tr.State != Lost || t.dormant(tr) {
		return false
	}
	for _, other := range t.tracks {
		if other.State == Confirmed && other != tr && covers(other.Box, tr.Box, t.settings.Merge) {
			return true
		}
	}
	return false
}

// report lists the tracks to report, and gives ids to those that have none.
func (t *Tracker) report() []Track {
	t.reported = t.reported[:0]
	for _, tr := range t.tracks {
		if !t.shown(tr) {
			continue
		}
		if tr.ID == 0 {
			t.ids++
			tr.ID = t.ids
		}
		t.reported = append(t.reported, *tr)
	}
	return t.reported
}

func (t *Tracker) shown(tr *Track) bool {
	switch tr.State {
	case Confirmed:
		return t.updates <= t.settings.Early || tr.streak >= t.settings.Streak
	case Lost:
		return tr.ID != 0 && t.unseen(tr) <= t.settings.Coast
	}
	return false
}
