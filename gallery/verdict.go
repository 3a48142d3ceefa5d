package gallery

import "fmt"

// Outcome is what a verdict says.
type Outcome string

const (
	Match   Outcome = "match"
	NoMatch Outcome = "no_match"
	Refer   Outcome = "refer" // a person has to decide
)

// Action is what to do about a verdict.
type Action string

const (
	Pass Action = "pass"
	Desk Action = "desk"
)

// Do is what to do about an outcome in a gallery of this kind.
func (k Kind) Do(o Outcome) Action {
	if k == Watch && o == NoMatch || k == Access && o == Match {
		return Pass
	}
	return Desk
}

// Gravity orders outcomes: what must not be overlooked among several is larger.
func (k Kind) Gravity(o Outcome) int {
	order := []Outcome{NoMatch, Refer, Match}
	if k == Access {
		order = []Outcome{Match, Refer, NoMatch}
	}
	for i, other := range order {
		if o == other {
			return i
		}
	}
	return -1
}

// Candidate is an id that a probe may be, and its distance.
type Candidate struct {
	ID       string  `json:"id,omitempty"` // empty for a stranger
	Stranger bool    `json:"stranger,omitempty"`
	Distance float32 `json:"distance"`
	Key      string  `json:"-"` // of the entry that is nearest
}

// Verdict is the answer to: who is this?
type Verdict struct {
	Outcome    Outcome     `json:"verdict"`
	Action     Action      `json:"action"`
	ID         string      `json:"id,omitempty"`       // of a match; of refer, the likest id
	Distance   *float32    `json:"distance,omitempty"` // to it, or to the nearest id; nil in an empty gallery
	Reason     string      `json:"reason"`
	Gallery    string      `json:"gallery"`
	Thresholds *Thresholds `json:"thresholds,omitempty"`
	Candidates []Candidate `json:"candidates,omitempty"` // nearest first
}

// Judge makes a verdict of the ids and strangers nearest to a probe, nearest first. refuse says why the probe deserves none but refer,
// such as "too blurred"; empty when it does.
func (s Settings) Judge(candidates []Candidate, refuse string) Verdict {
	v := Verdict{Gallery: s.Name, Candidates: candidates}
	v.decide(s, refuse)
	v.Action = s.Kind.Do(v.Outcome)
	return v
}

func (v *Verdict) decide(s Settings, refuse string) {
	var best, stranger *Candidate
	for i := range v.Candidates {
		c := &v.Candidates[i]
		switch {
		case c.Stranger && stranger == nil:
			stranger = c
		case !c.Stranger && best == nil:
			best = c
		}
	}
	if best != nil {
		v.Distance = &best.Distance
	}
	calibrated := s.Calibration != nil
	if calibrated {
		v.Thresholds = &s.Calibration.Thresholds
	}
	switch {
	case refuse != "":
		v.Outcome, v.Reason = Refer, refuse
	case best == nil:
		v.Outcome, v.Reason = NoMatch, "nobody is enrolled"
	case !calibrated && s.ModelThreshold != nil && best.Distance > *s.ModelThreshold:
		v.Outcome, v.Reason = NoMatch, fmt.Sprintf("not calibrated; farther than the model's own threshold %.4f", *s.ModelThreshold)
	case !calibrated:
		v.Outcome, v.ID, v.Reason = Refer, best.ID, "the gallery is not calibrated"
	case best.Distance > v.Thresholds.Refer:
		v.Outcome, v.Reason = NoMatch, "no id is near enough"
	case stranger != nil && stranger.Distance < best.Distance && stranger.Distance <= v.Thresholds.Match:
		v.Outcome, v.Reason = NoMatch, "it is somebody who was rejected before"
	case stranger != nil && stranger.Distance < best.Distance:
		v.Outcome, v.ID, v.Reason = Refer, best.ID, "somebody who was rejected before is nearer"
	case best.Distance > v.Thresholds.Match:
		v.Outcome, v.ID, v.Reason = Refer, best.ID, "between the thresholds"
	default:
		v.Outcome, v.ID, v.Reason = Match, best.ID, "within the match threshold"
	}
}
