package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/siam-go/siam/bench"
	"github.com/siam-go/siam/gallery"
)

func run(ctx context.Context, s settings) error {
	m, err := embedAll(ctx, s)
	if err != nil || s.embedOnly {
		return err
	}
	if s.sweep {
		return sweep(ctx, s, byPerson(m.photos), byPerson(m.crops))
	}
	var b strings.Builder
	b.WriteString("| what | figure |\n|---|---|\n")
	say := func(what, format string, values ...any) {
		fmt.Fprintf(&b, "| %s | %s |\n", what, fmt.Sprintf(format, values...))
	}
	photos := byPerson(m.photos)
	if err := enrolments(ctx, s, m, say); err != nil {
		return err
	}
	crops := byPerson(m.crops)
	promise := plan{1, gallery.Nearest, 0.01, 0.02, 1}
	rare := promise
	rare.fpir = 0.001
	for _, world := range []world{
		{"LFW photographs", photos, 150, promise, nil},
		{"LFWcrop", atMost(crops, 2), 300, promise, nil},
		{"generated", nil, 300, rare, fit(photos)},
	} {
		if err := world.splits(ctx, s, say); err != nil {
			return err
		}
	}
	if err := burstSplits(ctx, s, photos, crops, say); err != nil {
		return err
	}
	fmt.Print(b.String())
	if s.results == "" {
		return nil
	}
	return bench.Rewrite(s.results, "bench-gallery", b.String())
}
