package report

import "testing"

func TestPercentAxesStayWithinTheWhole(t *testing.T) {
	for name, values := range map[string][]float64{
		"all right": {1, 1}, "nearly": {0.93, 0.97, 1}, "low": {0, 0.004}, "one value": {0.98}, "none right": {0, 0}, "wide": {0.02, 0.99},
	} {
		f := Axis{Percent: true}.fit(values)
		if f.from < 0 || f.to > 1 || f.from >= f.to {
			t.Errorf("axis of %s goes from %v to %v, want it within 0 and 1", name, f.from, f.to)
		}
		for _, tick := range f.ticks() {
			if tick.at < -1e-9 || tick.at > 1+1e-9 {
				t.Errorf("axis of %s has a tick %s at %v, want 0 to 1", name, tick.label, tick.at)
			}
		}
	}
	if f := (Axis{Percent: true}).fit([]float64{0.5, 1.8}); f.to < 1.8 {
		t.Errorf("axis of what is above the whole ends at %v, want it to show 1.8", f.to)
	}
}
