package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/siam-go/siam/gallery"
)

// sweep measures promises in galleries of several sizes, with one photograph of each id and with several.
func sweep(ctx context.Context, s settings, photos, crops []person) error {
	fmt.Println("| people | enrolled | photographs of each | no difference at 5 % | FPIR | FNIR | at the best threshold for the measured rate: splits up to 1.5 times |\n|---|---|---|---|---|---|---|")
	for _, set := range []struct {
		name   string
		people []person
	}{{"LFW photographs", photos}, {"LFWcrop", crops}} {
		for _, ids := range []int{30, 100, 300} {
			for _, most := range []int{1, 3} {
				// Few ids support no small promise about those who are missed.
				w := world{set.name, set.people, ids, plan{most, gallery.Nearest, 0.01, max(0.02, 6/float64(ids)), 1}, nil}
				if err := w.promise(ctx, s); errors.Is(err, gallery.ErrTooFew) {
					fmt.Printf("| %s | %d | %d | refused: %v | | | |\n", set.name, ids, most, err)
				} else if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// promise prints one row.
func (w world) promise(ctx context.Context, s settings) error {
	t, err := w.measured(ctx, s)
	if err != nil {
		return err
	}
	n := float64(s.splits)
	fmt.Printf("| %s | %d | %d | %d of %d | %.2f %% | %.2f %% | %d |\n", w.name, w.gallery, w.most, t.held, s.splits, 100*t.fpir/n, 100*t.fnir/n, t.measured.to150)
	return nil
}
