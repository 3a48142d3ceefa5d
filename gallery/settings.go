package gallery

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Kind says what a match means.
type Kind string

const (
	Watch  Kind = "watch"  // people who are wanted: a match goes to the desk, and a stranger passes
	Access Kind = "access" // people who may pass: all others go to the desk
)

// Representation says what stands for an id that has several images.
type Representation string

const (
	Nearest Representation = "nearest" // the image that is nearest to the probe
	Mean    Representation = "mean"    // the mean of its embeddings, without outliers
)

// Settings describe one gallery.
type Settings struct {
	Name           string         `json:"name"`
	Kind           Kind           `json:"kind"`
	Model          string         `json:"model"`                // content hash of the model that makes the embeddings
	ModelFile      string         `json:"model_file,omitempty"` // where that model was found last, for programs to look there
	Compatible     []string       `json:"compatible,omitempty"` // other models whose embeddings may be among them
	Dim            int            `json:"dim"`                  // numbers in an embedding
	Distance       string         `json:"distance"`             // how two are compared
	ModelThreshold *float32       `json:"model_threshold,omitempty"`
	Representation Representation `json:"representation"`
	Faces          bool           `json:"faces,omitempty"`       // photographs are enrolled, and the faces in them embedded; images whole otherwise
	Mirror         bool           `json:"mirror,omitempty"`      // embeddings are means of those of a face and of its mirror image
	DropCrops      bool           `json:"drop_crops,omitempty"`  // crops of enrolled images are not kept
	ReviewDays     int            `json:"review_days,omitempty"` // how long faces referred or not matched are kept for review; 0 is never
	Approximate    *Approximate   `json:"approximate,omitempty"` // how the gallery is searched where its store does not search; exactly when nil
	Calibration    *Calibration   `json:"calibration,omitempty"`
	Created        time.Time      `json:"created"`
	// Revision counts changes of the settings; stores set it.
	Revision int64 `json:"revision"`
}

// Thresholds are the distances up to which the nearest id is a match, and up to which a person has to decide.
type Thresholds struct {
	Match float32 `json:"match"`
	Refer float32 `json:"refer"` // at least Match
}

// Rate is an error rate that was promised, and its estimate with a 95 % interval.
type Rate struct {
	Promised float64    `json:"promised,omitempty"` // 0 when nothing was
	Value    float64    `json:"value"`
	CI95     [2]float64 `json:"ci95"`
	N        int        `json:"n"` // people behind the estimate
}

// Calibration is what was learned about a gallery's errors.
type Calibration struct {
	Thresholds Thresholds `json:"thresholds"`
	// Zero where a person chose the thresholds.
	FPIR     Rate `json:"fpir,omitzero"`     // strangers answered match
	Miss     Rate `json:"miss,omitzero"`     // enrolled people answered no match
	FNIR     Rate `json:"fnir,omitzero"`     // enrolled people not matched to their own id; refer counts as a miss
	Referral Rate `json:"referral,omitzero"` // enrolled people referred
	// StrangerReferral are strangers referred.
	StrangerReferral Rate `json:"stranger_referral,omitzero"`
	// Bursts is of several images of one person; nil where too few people have several: bursts then go by the thresholds of single images.
	Bursts    *BurstCalibration `json:"bursts,omitempty"`
	Recall    *Rate             `json:"recall,omitempty"` // of an approximate search, which Miss and FNIR have in them; nil where the search is exact
	Strangers int               `json:"strangers"`
	IDs       int               `json:"ids"`               // in the gallery at that time
	Images    int               `json:"images"`            // of them
	Group     string            `json:"group,omitempty"`   // the worst group, when groups were given: the rate is promised for it
	ByHand    bool              `json:"by_hand,omitempty"` // thresholds chosen by a person: nothing is promised
	When      time.Time         `json:"when"`
}

// Check says what is wrong with settings, in a line.
func (s Settings) Check() error {
	name, err := CleanID(s.Name)
	switch {
	case err != nil:
		return fmt.Errorf("gallery name: %w", err)
	case name != s.Name:
		return fmt.Errorf("gallery name %q: want it as %q, without spaces around it and composed", s.Name, name)
	case s.Kind != Watch && s.Kind != Access:
		return fmt.Errorf("gallery %q: kind %q, want %s or %s", s.Name, s.Kind, Watch, Access)
	case s.Model == "" || s.Dim < 1 || s.Distance == "":
		return fmt.Errorf("gallery %q: want the model's hash, the length of its embeddings and its distance, have %q, %d and %q", s.Name, s.Model, s.Dim, s.Distance)
	case s.Representation != Nearest && s.Representation != Mean:
		return fmt.Errorf("gallery %q: representation %q, want %s or %s", s.Name, s.Representation, Nearest, Mean)
	case s.ReviewDays < 0:
		return fmt.Errorf("gallery %q: %d days of review, want 0 or more", s.Name, s.ReviewDays)
	}
	if a := s.Approximate; a != nil && !(a.Recall > 0 && a.Recall <= 1) {
		return fmt.Errorf("gallery %q: recall %v of its approximate search, want more than 0 and at most 1", s.Name, a.Recall)
	}
	if c := s.Calibration; c != nil && !(c.Thresholds.Match <= c.Thresholds.Refer && c.Thresholds.Refer <= math.MaxFloat32) {
		return fmt.Errorf("gallery %q: thresholds %v for match and %v for refer, want the first to be at most the second", s.Name, c.Thresholds.Match, c.Thresholds.Refer)
	}
	return nil
}

// Holds says whether embeddings of a model may be in the gallery.
func (s Settings) Holds(model string) bool {
	return model == s.Model || slices.Contains(s.Compatible, model)
}

// admits fails with [ErrOtherModel] where a model's embeddings cannot be compared with the gallery's.
func (s Settings) admits(m Model) error {
	if m.Hash == s.Model && m.Dim == s.Dim {
		return nil
	}
	how := "re-embed it with siam gallery migrate"
	if slices.Contains(m.Compatible, s.Model) && m.Dim == s.Dim {
		how = "accept the model, which is compatible, with siam gallery migrate --compatible"
	}
	return fmt.Errorf("gallery %q holds embeddings of model %.12s, and this is model %.12s: %w; %s", s.Name, s.Model, m.Hash, ErrOtherModel, how)
}
