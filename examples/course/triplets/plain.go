package triplets

import (
	"fmt"

	"github.com/siam-go/siam/examples/course/finding"
)

func checkDistance(p Parts) finding.Finding {
	return finding.Of("Distance", p.Distance != nil, func() error {
		a, b := []float32{1, 2, 3}, []float32{3, 2, -1}
		if got := p.Distance(a, b); got != 20 {
			return fmt.Errorf("Distance(%v, %v) = %v, want 20: add up the squares, and take no root", a, b, got)
		}
		if got := p.Distance(a, a); got != 0 {
			return fmt.Errorf("Distance(%v, %v) = %v, want 0", a, a, got)
		}
		return nil
	})
}

// triplet is a pair of distances with what equation (2) makes of them for m = 0.5.
type triplet struct {
	ap, an, loss float64
	kind         string
}

const margin = 0.5

// examples has a triplet of each kind, and the two borders between them.
func examples() []triplet {
	return []triplet{
		{0.25, 2, 0, "easy"},
		{0.25, 0.75, 0, "easy"},
		{0.25, 0.5, 0.25, "semi-hard"},
		{0.5, 0.5, 0.5, "hard"},
		{1, 0.25, 1.25, "hard"},
	}
}

func checkLoss(p Parts) finding.Finding {
	return finding.Of("Loss", p.Loss != nil, func() error {
		for _, t := range examples() {
			if got := p.Loss(t.ap, t.an, margin); got != t.loss {
				return fmt.Errorf("Loss(ap=%v, an=%v, m=%v) = %v, want %v", t.ap, t.an, margin, got, t.loss)
			}
		}
		return nil
	})
}

func checkKind(p Parts) finding.Finding {
	return finding.Of("Kind", p.Kind != nil, func() error {
		for _, t := range examples() {
			if got := p.Kind(t.ap, t.an, margin); got != t.kind {
				return fmt.Errorf("Kind(ap=%v, an=%v, m=%v) = %q, want %q", t.ap, t.an, margin, got, t.kind)
			}
		}
		return nil
	})
}

func checkTriplets(p Parts) finding.Finding {
	return finding.Of("Triplets", p.Triplets != nil, func() error {
		labels := []int{7, 7, 3, 7, 3, 1}
		seen := make(map[[3]int]bool)
		for _, t := range p.Triplets(labels) {
			a, positive, n := t[0], t[1], t[2]
			if min(a, positive, n) < 0 || max(a, positive, n) >= len(labels) {
				return fmt.Errorf("triplet %v has a row outside the batch of %d", t, len(labels))
			}
			switch {
			case a == positive:
				return fmt.Errorf("triplet %v has its anchor as its positive: d(a,p) would be 0", t)
			case labels[a] != labels[positive]:
				return fmt.Errorf("triplet %v has a positive of label %d, its anchor has %d", t, labels[positive], labels[a])
			case labels[a] == labels[n]:
				return fmt.Errorf("triplet %v has a negative of its anchor's label %d", t, labels[a])
			case seen[t]:
				return fmt.Errorf("triplet %v comes twice", t)
			}
			seen[t] = true
		}
		const want = 3*2*3 + 2*1*4 // label 7: three anchors, two positives, three negatives; label 3: two, one, four
		if len(seen) != want {
			return fmt.Errorf("labels %v make %d triplets, want %d: every anchor, every positive of it, every negative of it", labels, len(seen), want)
		}
		return nil
	})
}
