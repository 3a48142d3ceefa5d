package gallery

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/siam-go/siam/stats"
)

// Drift compares what a gallery is asked with what its calibration was learned from.
type Drift struct {
	Calibrated int            `json:"calibrated"` // ids at the calibration
	IDs        int            `json:"ids"`        // ids now
	Probes     int            `json:"probes"`     // faces identified since, that the thresholds judged
	Between    stats.Estimate `json:"between"`    // of those, the part between the thresholds
	Expected   [2]float64     `json:"expected"`   // what the calibration found of that part, of enrolled people and of strangers: the upper ends of the intervals
	Warnings   []string       `json:"warnings"`
}

const (
	grown       = 1.1 // times as many ids as at the calibration are too many
	fewestLive  = 30  // probes that tell something
	driftFactor = 2.  // times what was expected is too much
)

// Drift looks through the audit log since the calibration. It warns when the gallery has grown by more than a tenth, since strangers have
// more people then to be taken for; and when so many probes lie between the thresholds that their distances cannot be those of the
// calibration: any mixture of enrolled people and strangers would have fewer. Without a calibration there is nothing to compare.
func (g *Gallery) Drift(ctx context.Context) (Drift, error) {
	d := Drift{Warnings: []string{}}
	s, err := g.Settings(ctx)
	if err != nil || s.Calibration == nil {
		return d, err
	}
	ids, err := g.List(ctx)
	if err != nil {
		return d, err
	}
	c := s.Calibration
	d.Calibrated, d.IDs = c.IDs, len(ids)
	if !c.ByHand && float64(d.IDs) > grown*float64(d.Calibrated) {
		d.Warnings = append(d.Warnings, fmt.Sprintf("calibrated with %d ids, it has %d now: calibrate it again", d.Calibrated, d.IDs))
	}
	between, probes := 0, 0
	for l, err := range g.store.Log(ctx, 1) {
		if err != nil {
			return d, err
		}
		if l.Gallery != g.name || l.Action != "identify" || !l.Time.After(c.When) {
			continue
		}
		for _, p := range l.Parts {
			var said decided
			if p.Body == nil || json.Unmarshal(p.Body, &said) != nil || said.Decided == "" || said.Distance == nil {
				continue
			}
			probes++
			if *said.Distance > c.Thresholds.Match && *said.Distance <= c.Thresholds.Refer {
				between++
			}
		}
	}
	d.Probes, d.Between = probes, stats.Rate(between, probes)
	d.Between.Of = "probes"
	d.Expected = [2]float64{c.Referral.CI95[1], c.StrangerReferral.CI95[1]}
	if most := driftFactor * max(d.Expected[0], d.Expected[1]); !c.ByHand && c.StrangerReferral.N > 0 && probes >= fewestLive && d.Between.CI95[0] > most {
		d.Warnings = append(d.Warnings, fmt.Sprintf("%.1f %% of %d probes lie between the thresholds, and the calibration expects at most %.1f %%: light, cameras or people have changed: calibrate it again with what it sees now",
			100*d.Between.Value, probes, 50*most))
	}
	return d, nil
}
